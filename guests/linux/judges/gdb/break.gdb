# Breakpoints with and without a condition, in memory and in debug registers; frames; calls of functions.
source common.gdb
break square
run break
is argument n 0
up
is caller i 0
ignore 1 4
continue
is fifth n 5
finish
is returned $ 25
delete
break square if n==8
continue
is condition n 8
# The debugger makes the program call one of its functions.
delete
is called square(12) 144
is unmoved n 8
set var total=total+1
continue
is status $_exitcode 1
starti break
hbreak square
pipe info breakpoints | grep -q "hw breakpoint"
is kind $_shell_exitcode 0
continue
is hardware n 0
continue
is hardware-again n 1
delete
continue
is end $_exitcode 0
finish-tests 13
