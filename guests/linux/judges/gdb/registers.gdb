# Registers of the processor, of the FPU and of SSE, read and written.
source common.gdb
break *set_registers
run registers
is eax $eax 1
set var $eax=0x12345678
set var $xmm3.v4_int32[0]=0x55aa55aa
stepi
is one-byte $pc==(unsigned)&seen_registers 1
is ring $cs&3 3
break half
continue
is stored words[0] 0x12345678
is xmm words[1] 0x55aa55aa
is argument x 5
finish
is returned $ 2.5
is top $st0 2.5
set var $st0=2.75
next
next
is changed x 2.75
# What the processor must not take, the kernel does not take either: rights to ports.
set var $eflags=$eflags|0x3000
is privilege $eflags&0x3000 0
continue
is status $_exitcode 1
finish-tests 12
