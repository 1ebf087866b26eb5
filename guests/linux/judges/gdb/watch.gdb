# Watchpoints in the debug registers: stores, loads, all four at once, their sizes; and without registers.
source common.gdb
break part_watch
run watch
watch words[2]
pipe info watchpoints | grep -q "hw watchpoint"
is kind $_shell_exitcode 0
continue
is first words[2] 1
continue
is second words[2] 2
is only-that words[3] 1
delete
# A byte between two others that change.
watch bytes[1]
continue
is byte bytes[1] 2
continue
is next-byte bytes[1] 3
is byte-before bytes[2] 2
delete
rwatch words[2]
continue
is load words[2] 4
is not-summed sum 6
delete
awatch words[7]
continue
is access words[7] 5
delete
# Four at once, in the order in which they are stored.
watch words[0]
watch words[1]
watch words[4]
watch words[7]
continue
is order-0 words[0] 6
is order-0-only words[1] 5
continue
is order-1 words[1] 6
continue
is order-4 words[4] 6
is order-7-before words[7] 5
continue
is order-7 words[7] 6
delete
# With a condition the program goes on by itself.
watch words[6] if words[6]==20
continue
is condition i 20
delete
# The same by single steps.
set can-use-hw-watchpoints 0
watch words[3]
pipe info watchpoints | grep -q "hw watchpoint"
is software-kind $_shell_exitcode 1
continue
is software words[3] 21
delete
set can-use-hw-watchpoints 1
# Nothing is left behind in the registers.
continue
is end $_exitcode 0
finish-tests 21
