/* SPDX-License-Identifier: MIT */
/*
 * INT n for every n, from ring 1 and ring 3: the privilege level in the guest's trap table decides
 * who may enter, nobody gets an error code, a refusal is #GP naming the vector, and the direct gate
 * of vector 0x80 behaves like the rest (escape class: a vector without handler).
 */
#include "guests/pvrt/pvrt.h"
#include "guests/pvrt/test.h"

#include <xen/version.h>

#define HYPERCALL_VECTOR 0x82

/* CD nn, then the way back: INT 0x80 from ring 3, RET from ring 1. */
static uint8_t user_gun[8] __user_data;
static uint8_t kernel_gun[8];

static void load_gun(uint8_t *gun, unsigned int vector)
{
	gun[0] = 0xcd;
	gun[1] = vector;
	gun[2] = 0xc3;
	__asm__ __volatile__("" : : : "memory");
}

static void fire(void *gun)
{
	((void (*)(void))gun)();
}

static void fire_kernel(unsigned int vector, struct fault *fault)
{
	load_gun(kernel_gun, vector);
	try_call(fire, kernel_gun, fault);
}

static void fire_user(unsigned int vector, struct fault *fault)
{
	struct user_state state = user_state_for(user_gun);

	load_gun(user_gun, vector);
	user_run(&state, fault);
}

/* Breakpoint and overflow come through gates of their own that everybody may use. */
static bool is_open_gate(unsigned int vector)
{
	return vector == X86_BP || vector == X86_OF;
}

/* Installs one vector with that level, or a table without it. */
static void set_level(unsigned int vector, int dpl)
{
	struct trap_info entry = trap_entry(vector, dpl < 0 ? 0 : dpl, true);

	if (vector == USER_RETURN_VECTOR)
		entry.flags |= dpl == 1 ? 4 : 0; /* a gate that masks cannot be direct */
	CHECK_EQ(trap_install(entry), 0, "set_trap_table");
}

static void check_shot(const struct fault *fault, unsigned int vector, bool allowed, uint32_t gun,
		       const char *who)
{
	unsigned int want = allowed ? vector : X86_GP;
	uint32_t error = allowed ? 0 : vector * 8 + 2;

	CHECK(fault->vector == want, "INT %u from %s: vector %u, must be %u", vector, who,
	      fault->vector, want);
	CHECK(fault->error == error, "INT %u from %s: error code 0x%x, must be 0x%x", vector, who,
	      fault->error, error);
	CHECK(fault->frame.eip == gun + (allowed ? 2 : 0), "INT %u from %s: eip 0x%x", vector, who,
	      fault->frame.eip);
}

/* Fires every vector from one ring through gates of one level. */
static void sweep(int dpl, bool user)
{
	unsigned int vector;
	bool allowed = dpl >= (user ? 3 : 1);

	for (vector = 0; vector < 256 && test_ok(); vector++) {
		struct fault fault;

		if (is_open_gate(vector) || (vector == HYPERCALL_VECTOR && !user))
			continue;
		if (vector == X86_GP && !allowed)
			continue; /* its own gate must deliver the refusal: fired below */
		set_level(vector, dpl);
		if (user)
			fire_user(vector, &fault);
		else
			fire_kernel(vector, &fault);
		check_shot(&fault, vector, allowed, PTR32(user ? user_gun : kernel_gun),
			   user ? "ring 3" : "ring 1");
		trap_install_table();
	}
}

static void test_kernel_level3(void)
{
	sweep(3, false);
}

static void test_kernel_level1(void)
{
	sweep(1, false);
}

static void test_kernel_level0(void)
{
	sweep(0, false);
}

static void test_user_level3(void)
{
	sweep(3, true);
}

static void test_user_level1(void)
{
	sweep(1, true);
}

static void test_user_level0(void)
{
	sweep(0, true);
}

/* Open gates deliver their vector whatever level the table says. */
static void test_open_gates(void)
{
	static const unsigned int vectors[] = { X86_BP, X86_OF };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct fault fault;

		fire_kernel(vectors[i], &fault);
		check_fault_error(&fault, vectors[i], 0, "open gate from ring 1");
		fire_user(vectors[i], &fault);
		check_fault_error(&fault, vectors[i], 0, "open gate from ring 3");
	}
}

/* With no table but a #GP handler, every INT n is refused and nothing worse happens. */
static void test_empty_table(void)
{
	unsigned int vector;

	for (vector = 0; vector < 256 && test_ok(); vector++) {
		struct fault kernel, user;

		if (is_open_gate(vector) || vector == X86_GP || vector == HYPERCALL_VECTOR)
			continue;
		CHECK_EQ(HYPERVISOR_set_trap_table(NULL), 0, "clearing the table");
		CHECK_EQ(trap_install(trap_entry(X86_GP, 0, false)), 0, "#GP only");
		fire_kernel(vector, &kernel);
		fire_user(vector, &user);
		trap_install_table();
		check_shot(&kernel, vector, false, PTR32(kernel_gun), "ring 1, no table");
		check_shot(&user, vector, false, PTR32(user_gun), "ring 3, no table");
	}
}

/* Entries that a later call does not name stay. */
static void test_table_is_cumulative(void)
{
	struct fault fault;

	set_level(0x70, 3);
	set_level(0x71, 3);
	fire_user(0x70, &fault);
	check_fault_error(&fault, 0x70, 0, "first entry after a second call");
	CHECK_EQ(HYPERVISOR_set_trap_table(NULL), 0, "clearing the table");
	CHECK_EQ(trap_install(trap_entry(X86_GP, 0, false)), 0, "#GP only");
	fire_user(0x70, &fault);
	trap_install_table();
	check_fault_error(&fault, X86_GP, 0x70 * 8 + 2, "entry after clearing");
}

static uint8_t seen_mask;

static bool note_mask(struct trap_frame *frame)
{
	(void)frame;
	seen_mask = vcpu_info->evtchn_upcall_mask;
	return true;
}

/* The direct gate changes no event mask; a table entry that asks for masking gets it. */
static void test_vector_0x80_mask(void)
{
	struct trap_info entry = trap_entry(USER_RETURN_VECTOR, 3, false);
	struct fault fault;

	vcpu_info->evtchn_upcall_mask = 0;
	trap_set_hook(0x81, note_mask);
	CHECK_EQ(trap_install(trap_entry(0x81, 3, true)), 0, "set_trap_table");
	load_gun(kernel_gun, 0x81);
	try_call(fire, kernel_gun, &fault);
	CHECK_EQ(seen_mask, 1, "mask in vector 0x81");
	trap_set_hook(0x81, NULL);
	trap_set_hook(USER_RETURN_VECTOR, note_mask);
	load_gun(kernel_gun, USER_RETURN_VECTOR);
	try_call(fire, kernel_gun, &fault);
	CHECK_EQ(seen_mask, 0, "mask in vector 0x80");
	trap_set_hook(USER_RETURN_VECTOR, NULL);
	vcpu_info->evtchn_upcall_mask = 1;
	entry.flags |= 4;
	CHECK_EQ(trap_install(entry), 0, "set_trap_table");
	fire_user(USER_RETURN_VECTOR, &fault);
	CHECK_EQ(fault.vector, USER_RETURN_VECTOR, "vector 0x80 with masking");
	trap_install_table();
}

/* An INT that would hit the hypercall gate from ring 3 belongs to the guest's table. */
static void test_hypercall_vector_from_user(void)
{
	struct fault fault;

	fire_user(HYPERCALL_VECTOR, &fault);
	check_fault_error(&fault, X86_GP, HYPERCALL_VECTOR * 8 + 2, "hypercall from ring 3");
	set_level(HYPERCALL_VECTOR, 3);
	fire_user(HYPERCALL_VECTOR, &fault);
	check_fault_error(&fault, HYPERCALL_VECTOR, 0, "the guest's own vector 0x82");
	trap_install_table();
	CHECK(HYPERVISOR_xen_version(XENVER_version, NULL) > 0, "hypercalls go on");
}

static const struct test_case cases[] = {
	{ "softint.kernel_level3", test_kernel_level3 },
	{ "softint.kernel_level1", test_kernel_level1 },
	{ "softint.kernel_level0", test_kernel_level0 },
	{ "softint.user_level3", test_user_level3 },
	{ "softint.user_level1", test_user_level1 },
	{ "softint.user_level0", test_user_level0 },
	{ "softint.open_gates", test_open_gates },
	{ "softint.empty_table", test_empty_table },
	{ "softint.table_is_cumulative", test_table_is_cumulative },
	{ "softint.vector_0x80_mask", test_vector_0x80_mask },
	{ "softint.hypercall_vector_from_user", test_hypercall_vector_from_user },
};

int main(void)
{
	return test_run(cases, ARRAY_SIZE(cases));
}
