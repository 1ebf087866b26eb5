# Threads: a breakpoint and a watchpoint that several meet, variables of each, stepping one of them.
source common.gdb
break work
run threads
is thread $_thread>1 1
is argument (int)argument>=1 1
is own own 7
delete
set var own=107
set var own=7
set scheduler-locking on
next
next
is own-now own 7+(int)argument
set scheduler-locking off
# The registers of threads that come later have it, too.
watch words[4]
continue
is watched words[4] 1
is who (int)argument 4
continue
is watched-again words[4] 2
thread apply all backtrace 1
delete
break meet
continue
is last words[1]+words[2]+words[3]+words[4] 96
is one-left $_gthread 1
is own-of-first own 7
continue
is end $_exitcode 0
finish-tests 12
