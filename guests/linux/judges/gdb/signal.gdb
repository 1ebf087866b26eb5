# Signals: stopped, passed on, suppressed, made up; faults at their instruction.
source common.gdb
handle SIGUSR1 stop print
handle SIGUSR2 stop print
run signal
is usr1 $_siginfo.si_signo 10
is before handled 0
continue
is handled handled 10
# The second is not delivered, the third is delivered as another.
signal 0
is suppressed handled 10
break handle
signal SIGUSR2
is other number 12
stepi
is in-handler number 12
delete
finish
continue
is usr2 $_siginfo.si_signo 12
is after handled 22
continue
is fault $_siginfo.si_signo 11
is address (int)$_siginfo._sifields._sigfault.si_addr&0xfff 16
is code $_siginfo.si_code 2
x/i $pc
is not-yet faulted 0
# Step into the handler.
stepi
is in-fault-handler $pc==(unsigned)handle_fault 1
continue
is divide $_siginfo.si_signo 8
is instruction $pc==(unsigned)&divide 1
is caught faulted 1
continue
is end $_exitcode 0
finish-tests 18
