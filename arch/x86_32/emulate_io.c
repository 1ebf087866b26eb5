/* SPDX-License-Identifier: MIT */
/*
 * IN, OUT, INS and OUTS of a guest. First whether the guest allows itself the access: virtual IOPL
 * (set_iopl, or with VMASST_TYPE_architectural_iopl the flags of iret), or the bitmap of
 * set_iobitmap. Then ports.c does what the domain may.
 */
#include "arch/x86_32/emulate_internal.h"

#include "arch/x86_32/arch.h"
#include "arch/x86_32/bounce.h"
#include "arch/x86_32/control.h"
#include "arch/x86_32/trapnr.h"
#include "arch/x86_32/uaccess.h"

bool iopl_allows(const struct vcpu *v, const struct trap_frame *f)
{
	unsigned needed = 3;

	if (in_guest_kernel(f))
		needed = vm_assist_on(v->domain, VMASST_TYPE_architectural_iopl) ? 0 : 1;
	return v->arch.iopl >= needed;
}

/* Bits of the guest's bitmap; set, or not readable, means no. */
static bool bitmap_allows(const struct vcpu *v, uint16_t port, unsigned size)
{
	gva_t at = v->arch.iobitmap + port / 8;
	uint8_t bytes[2];

	if (v->arch.iobitmap_ports <= port + size)
		return false;
	for (unsigned i = 0; i < 2; i++)
		if (copy_from_guest(&bytes[i], at + i, 1))
			bytes[i] = 0xff;
	return !((bytes[0] | bytes[1] << 8) & ((1u << size) - 1) << port % 8);
}

static bool access_allowed(const struct emulation *e, uint16_t port)
{
	return iopl_allows(e->v, e->f) || bitmap_allows(e->v, port, e->in.operand_size);
}

static void single(struct emulation *e, uint16_t port)
{
	unsigned size = e->in.operand_size;

	if (e->in.op == INSN_OP_IN)
		insn_register_set(&e->regs, INSN_EAX, size, port_read(e->v->domain, port, size));
	else
		port_write(e->v->domain, port, size, insn_register_get(&e->regs, INSN_EAX, size));
	e->debug_status |= debugreg_io_match(e->v, port, size);
	insn_retire(&e->in, &e->regs);
}

/* Copies an operand, which may lie in two pages. False, and *va is the byte that faulted. */
static bool copy_operand(void *buffer, gva_t *va, unsigned size, bool to_guest)
{
	unsigned first = MIN(size, PAGE_SIZE - (*va & (PAGE_SIZE - 1))), done = 0;

	while (done < size) {
		unsigned n = done ? size - done : first;
		uint8_t *part = (uint8_t *)buffer + done;

		if (to_guest ? copy_to_guest(*va, part, n) : copy_from_guest(part, *va, n))
			return false;
		done += n;
		*va += n;
	}
	return true;
}

static void data_page_fault(const struct emulation *e, gva_t va, bool write)
{
	bounce_page_fault(e->v, va, (write ? PF_WRITE : 0) | (in_guest_kernel(e->f) ? 0 : PF_USER));
}

enum element { ELEMENT_DONE, ELEMENT_FAULT, ELEMENT_REFUSED };

/* Moves one element between the port and memory; registers do not move yet. */
static enum element string_element(struct emulation *e, uint16_t port)
{
	bool in = e->in.op == INSN_OP_INS;
	unsigned size = e->in.operand_size;
	uint32_t value = 0;
	uint64_t descriptor;
	gva_t va;

	if (!segment_descriptor(e->v, segment_selector(e->f, e->in.segment), &descriptor) ||
	    !segment_linear(descriptor, insn_effective_offset(&e->in, &e->regs), size,
			    in ? SEGMENT_WRITE : SEGMENT_READ, &va))
		return ELEMENT_REFUSED;
	if (in)
		value = port_read(e->v->domain, port, size);
	if (!copy_operand(&value, &va, size, in)) {
		data_page_fault(e, va, in);
		return ELEMENT_FAULT;
	}
	if (!in)
		port_write(e->v->domain, port, size, value);
	return ELEMENT_DONE;
}

/*
 * As many elements as there are until something else has to happen; the guest comes back for the
 * rest.
 */
static bool string(struct emulation *e, uint16_t port)
{
	uint32_t start = e->regs.eip;

	if (insn_repeat_finished(&e->in, &e->regs)) {
		insn_string_step(&e->in, &e->regs);
		return true;
	}
	do {
		switch (string_element(e, port)) {
		case ELEMENT_DONE:
			break;
		case ELEMENT_FAULT:
			return false;
		default:
			e->in.op = INSN_OP_NONE;
			return false;
		}
		e->debug_status |= debugreg_io_match(e->v, port, e->in.operand_size);
		insn_string_step(&e->in, &e->regs);
	} while (e->regs.eip == start && !e->debug_status && !(e->regs.eflags & EFLAGS_TF) &&
		 !preempt_needed());
	return true;
}

bool emulate_io(struct emulation *e)
{
	uint16_t port = insn_io_port(&e->in, &e->regs);

	if (!access_allowed(e, port))
		return false;
	if (!e->in.string)
		single(e, port);
	else if (!string(e, port))
		return e->in.op != INSN_OP_NONE;
	emulation_commit(e);
	return true;
}
