# One instruction at a time: loops, a system call, the flags, strings, stores to SS; one line at a time.
source common.gdb
define count-steps
  set $steps = 0
  while $pc != $arg0
    stepi
    set $steps = $steps + 1
  end
end

break *step_begin
break *copy_begin
break *stack_begin
run step
count-steps &step_end
is instructions $steps 306
is system-call $eax>0 1
is no-trap-flag $eflags&0x100 0
continue
is string-begins $ecx 16
count-steps &copy_end
is string-ends $ecx 0
is string-steps $steps>=1 1
continue
count-steps &stack_end
is stack-steps $steps<=4 1
continue
is end $_exitcode 0
delete
break part_break
run break
next
step
is into-function n 0
finish
is result $ 0
next
until
is line-loop total 285
next
continue
is end-again $_exitcode 0
finish-tests 13
