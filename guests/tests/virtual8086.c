/* SPDX-License-Identifier: MIT */
/*
 * An iret of ring 1 to virtual-8086 mode. Processors ignore the flag outside ring 0; QEMU's
 * TCG does not, and the next trap then comes with a frame of another shape. It must cost
 * the guest its life and nobody else anything.
 *
 * Boot: expect=crash skip=bochs
 */
#include "guests/pvrt/pvrt.h"

int main(void)
{
	pv_printf("returning to virtual-8086 mode\n");
	__asm__ volatile("pushl $0\n\t" /* gs, fs, ds, es, ss, esp */
			 "pushl $0\n\tpushl $0\n\tpushl $0\n\tpushl $0\n\tpushl $0x1000\n\t"
			 "pushl %0\n\t"
			 "pushl $0\n\t"
			 "pushl $0\n\t"
			 "iret"
			 :
			 : "i"(EFLAGS_VM | EFLAGS_FIXED));
	return 0;
}
