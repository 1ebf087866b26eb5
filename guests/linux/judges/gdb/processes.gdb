# fork and exec: the child followed through both, then parent and child at once; waitpid and wait4, by number.
source common.gdb
set follow-fork-mode child
catch fork
run processes
is caught $_inferior 1
delete
catch exec
continue
is exec-in-child $_inferior 2
is new-image words[0] 0
delete
break square
continue
is argument n 0
delete
continue
is child-end $_exitcode 0

set follow-fork-mode parent
set detach-on-fork off
inferior 1
break part_processes
run processes
watch words[0]
continue
is parent words[0] 3
inferior 3
is child words[0] 0
delete
break square
continue
is child-later n 0
delete
continue
is child-end-too $_exitcode 0
inferior 1
catch syscall 7 114
continue
is entering $eax -38
continue
is number $eax>0 1
delete
continue
is end $_exitcode 0
finish-tests 13
