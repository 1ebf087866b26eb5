# SPDX-License-Identifier: MIT
#
# Builds the hypervisor and its test guests, and runs them. `make help` lists the targets.
#
#   DEBUG=1      asserts, poisoning and the audit; the hypervisor goes to build/debug
#   BUILD=dir    another place for the products
#   T=pattern    qemu-test, bochs-test, unit-test: only tests whose name contains the pattern
#   V=1          show the commands
#   ARGS=...     run: further options of tools/boot
#   DISK=1       run: also a guest with a disk and a network

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

BUILD ?= build
ifeq ($(DEBUG),1)
OUT := $(BUILD)/debug
else
OUT := $(BUILD)
endif
ifneq ($(V),1)
Q := @
endif
say = @echo "  $(1)	$(2)"

CC    := gcc
CLANG := clang
AR    := ar
NM    := nm

# ---- Flags ------------------------------------------------------------------------------------

# Everything that runs on the machine itself: no host headers, no floating point, no surprises.
ABI_FLAGS := -D__XEN_INTERFACE_VERSION__=__XEN_LATEST_INTERFACE_VERSION__
# Asked once, and only when something is compiled: set-up may have to install the compiler first.
COMPILER_INCLUDE = $(eval COMPILER_INCLUDE := $(shell $(CC) -m32 -print-file-name=include))$(COMPILER_INCLUDE)
TARGET_FLAGS = -m32 -march=i686 -mtune=generic -ffreestanding -fno-pic -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-common -mno-sse -mno-mmx -mno-80387 \
	-nostdinc -isystem $(COMPILER_INCLUDE) \
	-I. -I$(OUT)/include -I$(BUILD)/include $(ABI_FLAGS)
WARNINGS := -Wall -Wextra -Werror
# The ABI headers use the types of stdint.h without including it.
C_FLAGS := -std=gnu11 -include stdint.h -fmax-errors=20 -Wstrict-prototypes -Wmissing-prototypes
# The crash dump's backtrace reads the stack itself, so no frame pointers.
HV_FLAGS = $(TARGET_FLAGS) $(WARNINGS) -g -fomit-frame-pointer -mregparm=3
ifeq ($(DEBUG),1)
HV_FLAGS += -O1 -DRINGLET_DEBUG=1
else
HV_FLAGS += -O2 -DNDEBUG
endif
GUEST_FLAGS = $(TARGET_FLAGS) $(WARNINGS) -g -O2

LINK := $(CC) -m32 -nostdlib -static -no-pie -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
	-Wl,--fatal-warnings
HV_LINK := $(LINK) -Wl,--build-id=sha1
LIBGCC = $(shell $(CC) -m32 -print-libgcc-file-name)
# Linker scripts name the architecture, which the preprocessor would otherwise replace.
CPP_LINKER := $(CC) -E -P -m32 -x assembler-with-cpp -Ui386 -Ulinux -Uunix \
	-D__ASSEMBLY__ -D__LINKER__ -I. -I$(OUT)/include -I$(BUILD)/include $(ABI_FLAGS)

# ---- Sources ----------------------------------------------------------------------------------

ASM_OFFSETS := arch/x86_32/asm-offsets.c
HV_SOURCES := $(filter-out $(ASM_OFFSETS),$(sort $(wildcard \
	boot/*.[cS] arch/x86_32/*.[cS] mm/*.c core/*.c hypercall/*.c)))
HV_OBJECTS := $(HV_SOURCES:%=$(OUT)/obj/%.o)

PVRT_OBJECTS := $(patsubst %,$(BUILD)/obj/%.o,$(sort $(wildcard guests/pvrt/*.[cS])))
GUEST_DIRS := $(filter-out pvrt linux tests,$(sort $(foreach source,$(wildcard guests/*/*.[cS]), \
	$(word 2,$(subst /, ,$(source))))))
TEST_GUESTS := $(sort $(notdir $(basename $(wildcard guests/tests/*.c))))
GUESTS := $(GUEST_DIRS:%=$(BUILD)/guests/%.elf) $(TEST_GUESTS:%=$(BUILD)/guests/test-%.elf)

# Host tests run core/, mm/ and hypercall/ on a simulated machine. Their calls of libc functions are
# renamed, so that the hypervisor's own ones are tested and libc's serve the test programs.
HOST_FLAGS := -m32 -std=gnu11 -include stdint.h -g -O1 -fno-omit-frame-pointer -fno-common -Wall -Wextra -Werror \
	-Wno-atomic-alignment \
	-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -DRINGLET_HOST=1 -DRINGLET_DEBUG=1 \
	-Itests/host/include -I. -I$(BUILD)/include $(ABI_FLAGS)
HOST_RENAMES := $(foreach function,memcpy memmove memset memcmp strlen strnlen strcmp strncmp strchr \
	strstr snprintf vsnprintf,-D$(function)=ringlet_$(function))
# Of arch/, what is free of assembly; tests/host has the rest of what the others call.
HOST_HV_SOURCES := $(sort $(wildcard core/*.c mm/*.c hypercall/*.c arch/x86_32/insn*.c) \
	$(addprefix arch/x86_32/,debugreg.c descriptor.c gdt.c ldt.c segment.c vpit.c))
HOST_HV_OBJECTS := $(HOST_HV_SOURCES:%=$(BUILD)/host/%.o)
HOST_SHARED_OBJECTS := $(patsubst %,$(BUILD)/host/%.o,$(sort $(filter-out \
	tests/unit/test_%.c tests/fuzz/fuzz_%.c,$(wildcard tests/host/*.c tests/unit/*.c tests/fuzz/*.c))))
# Of the control domain, what is portable C. It calls libc's functions on both sides.
HOST_DOM0_OBJECTS := $(patsubst %,$(BUILD)/host/%.o,$(sort $(wildcard dom0/xenstore/*.c) \
	$(addprefix dom0/,config.c loop_queue.c lzop.c spec.c unpack.c net/vif.c) \
	$(addprefix dom0/block/,blkback_memory.c blkback_ring.c block.c disk_spec.c memdisk.c \
	partition.c partition_table.c) \
	$(addprefix dom0/drivers/,nic.c e1000.c e1000_rx.c e1000_tx.c virtio_net.c virtio_net_rx.c \
	virtio_net_tx.c vring.c) \
	$(addprefix dom0/net/,net.c bridge.c bridge_table.c source.c offload.c segment.c rate.c netback_tx.c \
	netback_rx.c netback_copy.c) dom0/xenbus.c \
	$(addprefix dom0/save/,image.c image_disk.c frames.c describe.c save_memory.c save_records.c \
	restore_records.c restore_domain.c restore_start.c) \
	$(addprefix dom0/terminal/,terminal.c screen.c characters.c keymap.c)))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

C_SOURCES_ALL = $(wildcard boot/*.[ch] arch/x86_32/*.[ch] mm/*.[ch] core/*.[ch] hypercall/*.[ch] \
	dom0/*.[ch] dom0/*/*.[ch] guests/*/*.[ch] tests/*/*.[ch])

# ---- Targets ----------------------------------------------------------------------------------

.PHONY: all hypervisor guests run run-hello qemu-test disk-test linux-test unit-test fuzz fuzz-bounded \
	bochs-test bench bench-ops bench-linux judges linux linux-stock guest-disk selftests iso cloc format check-format clean help debug-hypervisor

all: hypervisor guests dom0 $(BUILD)/pvgrub

hypervisor: $(OUT)/hypervisor.elf
guests: $(GUESTS)

debug-hypervisor: | hypervisor
	$(Q)$(MAKE) --no-print-directory DEBUG=1 hypervisor

help:
	@sed -n 's/^## //p' Makefile

## all            hypervisor.elf, dom0.elf, pvgrub and the test guests (the default)
## run            the main job in QEMU, from a GRUB ISO: control domain, a Linux guest, a shell here
RUN_FILES := guests/linux/linux.cfg guests/hello/hello.cfg $(BUILD)/linux/vmlinux \
	$(BUILD)/linux/initramfs.gz $(BUILD)/guests/hello.elf $(BUILD)/pvgrub
ifeq ($(DISK),1)
RUN_FILES := guests/linux/debian.cfg $(RUN_FILES)
RUN_DEVICES := --disk $(BUILD)/linux/disk.img --net user
run: guest-disk
endif
run: all linux $(BUILD)/.setup-run
	$(Q)HV=$(OUT)/hypervisor.elf DOM0=$(BUILD)/dom0.elf tools/boot --dom0 --mem 512 $(RUN_DEVICES) $(ARGS) \
		$(RUN_FILES)

## run-hello      the hello guest in place of the control domain: to its greeting and power-off
run-hello: all $(BUILD)/.setup-run
	$(Q)HV=$(OUT)/hypervisor.elf tools/boot $(ARGS) $(BUILD)/guests/hello.elf

## qemu-test      every test: host-built, QEMU and Bochs; ends with `N passed, N failed`
RUN_TESTS = tests/run --build $(BUILD) $(if $(T),--select '$(T)')
qemu-test: all guest-disk selftests debug-hypervisor $(UNIT_TESTS) $(FUZZERS) $(BUILD)/.setup-test
	$(Q)$(RUN_TESTS)

## disk-test      pulls a writing machine's plug KILLS=60 times; SEED=n in another way; DRIVER=ahci (virtio, virtio-legacy)
KILLS ?= 60
SEED ?= 1
disk-test: all linux $(BUILD)/.setup-test
	$(Q)RINGLET_KILLS=$(if $(DRIVER),$(KILLS),$$((($(KILLS) + 2) / 3))) RINGLET_SEED=$(SEED) tests/run \
		--build $(BUILD) --only qemu --select 'acknowledged_is_safe$(if $(DRIVER),?$(DRIVER)?)'

## bochs-test     the whole-system tests that need Bochs, which enforces segment limits
bochs-test: all $(BUILD)/.setup-test
	$(Q)$(RUN_TESTS) --only bochs

## linux-test     what takes long with Linux guests: 200 boots, minutes of work, all judges
linux-test: all guest-disk linux-stock selftests $(BUILD)/.setup-test
	$(Q)$(RUN_TESTS) --only linux

## unit-test      host-built unit tests, under the address and undefined-behaviour sanitizers
unit-test: $(UNIT_TESTS) $(BUILD)/.setup-test
	$(Q)$(RUN_TESTS) --only unit --only tools

## fuzz-bounded   random hypercalls from a fixed seed, BOUNDED_SECONDS=60; RINGLET_SEED=n for others
BOUNDED_SECONDS ?= 60
fuzz-bounded: $(BUILD)/unit/test_random_hypercalls
	$(Q)RINGLET_SECONDS=$(BOUNDED_SECONDS) $<

## fuzz           libFuzzer harnesses, FUZZ_SECONDS=60 each
FUZZ_SECONDS ?= 60
fuzz: $(FUZZERS) $(BUILD)/.setup-test
	$(Q)$(RUN_TESTS) --only fuzz --fuzz-seconds $(FUZZ_SECONDS)

## bench          what operations cost: bench-ops in both modes, then bench-linux
bench: all
	$(Q)$(MAKE) --no-print-directory bench-ops ISOLATION=segment
	$(Q)$(MAKE) --no-print-directory bench-ops ISOLATION=paging
	$(Q)$(MAKE) --no-print-directory bench-linux

## bench-ops      instructions per hypercall and trap, counted by QEMU; ISOLATION=segment or paging
ISOLATION ?= segment
bench-ops: all $(BUILD)/.setup-run
	$(Q)test -f $(BUILD)/guests/bench.elf || { echo "make: no guests/bench here" >&2; exit 1; }
	$(Q)HV=$(OUT)/hypervisor.elf tools/boot --icount --timeout 600 --hv isolation=$(ISOLATION) $(ARGS) \
		$(BUILD)/guests/bench.elf
	$(Q)HV=$(OUT)/hypervisor.elf tools/boot --icount --timeout 600 \
		--hv "isolation=$(ISOLATION) dom0_mem=32" $(ARGS) $(BUILD)/guests/multi.elf bench

## bench-linux    Linux as a guest against Linux on the bare machine; ARGS="--only instructions"
bench-linux: all linux
	$(Q)HV=$(OUT)/hypervisor.elf tools/bench --build $(BUILD) $(ARGS)

## judges         tests of others in Linux natively and as a guest; ARGS="--set short" (docs/linux.md)
judges: all guest-disk selftests
	$(Q)tools/judges --build $(BUILD) $(ARGS)

## linux          the Linux guest: build/linux/vmlinux, bzImage, initramfs.gz (docs/linux.md)
linux:
	$(Q)guests/linux/build $(BUILD)/linux

## linux-stock    one more kernel, configured as distributions do: build/linux/stock.bzImage
linux-stock:
	$(Q)guests/linux/build --stock $(BUILD)/linux

## guest-disk     build/linux/disk.img: a disk for the Linux guest, with a small Debian (docs/linux.md)
guest-disk: linux
	$(Q)guests/linux/build-disk $(BUILD)/linux

## selftests      build/linux/judges.gz: selftests of the kernel for the Linux guest
selftests:
	$(Q)guests/linux/judges/build $(BUILD)/linux

## iso            build/ringlet.iso: what `make run` boots behind a GRUB menu, for real machines
ISO_HV ?= dom0_mem=64
iso: all linux $(BUILD)/.setup-iso
	$(Q)tools/mkiso --hypervisor $(OUT)/hypervisor.elf --output $(OUT)/ringlet.iso --hv "$(ISO_HV)" \
		$(BUILD)/dom0.elf "" $(RUN_FILES)

## cloc           code lines of what is linked into the hypervisor
cloc: $(OUT)/hypervisor.elf $(BUILD)/.setup-cloc
	$(Q)cat $(HV_OBJECTS:.o=.d) | tr -d '\\' | tr -s ' ' '\n' | sed -n 's/:$$//;/\.[chS]$$/p' | \
		grep -v '^/' | grep -v '^$(BUILD)/' | sort -u >$(OUT)/linked-files
	$(Q)cloc --quiet --force-lang="C/C++ Header",h --list-file=$(OUT)/linked-files
	$(Q)size $(OUT)/hypervisor.elf

## format         rewrite the C sources with clang-format
format: $(BUILD)/.setup-format
	$(Q)clang-format -i $(C_SOURCES_ALL)

## check-format   fail when a C source is not formatted
check-format: $(BUILD)/.setup-format
	$(Q)clang-format --dry-run --Werror $(C_SOURCES_ALL)

## clean          remove every product
clean:
	rm -rf $(BUILD)

# ---- Set-up -----------------------------------------------------------------------------------

$(BUILD)/.setup-%: tools/setup
	$(Q)tools/setup $*
	$(Q)mkdir -p $(@D)
	$(Q)touch $@

# The ABI headers come from Debian; a link lets them be found without the rest of /usr/include.
$(BUILD)/include/xen: | $(BUILD)/.setup-build
	$(Q)mkdir -p $(@D)
	$(Q)ln -sfn /usr/include/xen $@

# ---- Objects ----------------------------------------------------------------------------------

PREREQUISITES := Makefile | $(BUILD)/include/xen
OFFSETS_HEADER := $(if $(wildcard $(ASM_OFFSETS)),$(OUT)/include/generated/asm-offsets.h)

$(OUT)/obj/asm-offsets.s: $(ASM_OFFSETS) $(PREREQUISITES)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(HV_FLAGS) $(C_FLAGS) -g0 -MMD -MP -MT $@ -MF $(@:.s=.d) -S -o $@ $<

$(OUT)/include/generated/asm-offsets.h: $(OUT)/obj/asm-offsets.s tools/mkoffsets
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)tools/mkoffsets $< >$@

$(BUILD)/obj/guests/%.c.o: guests/%.c $(PREREQUISITES)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_FLAGS) $(C_FLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/guests/%.S.o: guests/%.S $(PREREQUISITES)
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_FLAGS) -D__ASSEMBLY__ -MMD -MP -c -o $@ $<

$(OUT)/obj/%.c.o: %.c $(PREREQUISITES) $(OFFSETS_HEADER)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(HV_FLAGS) $(C_FLAGS) -MMD -MP -c -o $@ $<

$(OUT)/obj/%.S.o: %.S $(PREREQUISITES) $(OFFSETS_HEADER)
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(HV_FLAGS) -D__ASSEMBLY__ -MMD -MP -c -o $@ $<

# ---- Hypervisor -------------------------------------------------------------------------------

# The symbol table of backtraces describes the image that contains it. It sits behind the text, so
# a first link with an empty table already has every function at its final address; the last step
# checks that.
$(OUT)/linker.lds: linker.ld $(PREREQUISITES)
	$(Q)$(CPP_LINKER) -MMD -MP -MT $@ -MF $@.d -o $@ $<

$(OUT)/obj/symtab-empty.S: tools/mksymtab
	$(Q)mkdir -p $(@D)
	$(Q)tools/mksymtab </dev/null >$@

$(OUT)/obj/symtab.S: $(OUT)/obj/hypervisor-first.elf tools/mksymtab
	$(Q)$(NM) -n $< | tools/mksymtab >$@

$(OUT)/obj/symtab%.o: $(OUT)/obj/symtab%.S
	$(Q)$(CC) $(HV_FLAGS) -c -o $@ $<

$(OUT)/obj/symtab.o: $(OUT)/obj/symtab.S
	$(Q)$(CC) $(HV_FLAGS) -c -o $@ $<

$(OUT)/obj/hypervisor-first.elf: $(HV_OBJECTS) $(OUT)/obj/symtab-empty.o $(OUT)/linker.lds
	$(Q)$(HV_LINK) -Wl,-T,$(OUT)/linker.lds -o $@ $(HV_OBJECTS) $(OUT)/obj/symtab-empty.o

$(OUT)/hypervisor.elf: $(OUT)/obj/hypervisor-first.elf $(OUT)/obj/symtab.o
	$(call say,LD,$@)
	$(Q)$(HV_LINK) -Wl,-T,$(OUT)/linker.lds -Wl,-Map,$(OUT)/hypervisor.map -o $@.new \
		$(HV_OBJECTS) $(OUT)/obj/symtab.o
	$(Q)$(NM) -n $@.new | tools/mksymtab --check $(OUT)/obj/symtab.S
	$(Q)mv $@.new $@

# ---- Guests -----------------------------------------------------------------------------------

$(BUILD)/guests/guest.lds: guests/pvrt/guest.ld $(PREREQUISITES)
	$(Q)mkdir -p $(@D)
	$(Q)$(CPP_LINKER) -MMD -MP -MT $@ -MF $@.d -o $@ $<

$(BUILD)/guests/libpvrt.a: $(PVRT_OBJECTS)
	$(call say,AR,$@)
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(PVRT_OBJECTS)

# Whole, because the notes and the entry are found by the hypervisor and not by a reference.
define link_guest
	$(call say,LD,$@)
	$(Q)$(LINK) -Wl,--build-id=none -Wl,-T,$(BUILD)/guests/guest.lds -o $@ $(filter %.o,$^) \
		-Wl,--whole-archive $(BUILD)/guests/libpvrt.a -Wl,--no-whole-archive $(LIBGCC)
endef

define guest_rule
$(BUILD)/guests/$(1).elf: $(patsubst %,$(BUILD)/obj/%.o,$(sort $(wildcard guests/$(1)/*.[cS]))) \
		$(BUILD)/guests/libpvrt.a $(BUILD)/guests/guest.lds
	$$(link_guest)
endef
$(foreach guest,$(GUEST_DIRS),$(eval $(call guest_rule,$(guest))))

# The domain that builds others carries the image that it builds them from.
$(BUILD)/obj/guests/multi/payload.S.o: GUEST_FLAGS += -DPAYLOAD='"$(BUILD)/guests/payload.elf"'
$(BUILD)/obj/guests/multi/payload.S.o: $(BUILD)/guests/payload.elf

$(BUILD)/guests/test-%.elf: $(BUILD)/obj/guests/tests/%.c.o $(BUILD)/guests/libpvrt.a \
		$(BUILD)/guests/guest.lds
	$(link_guest)

# What bootloader = "pvgrub" starts: a module of the control domain.
$(BUILD)/pvgrub: guests/pvgrub/build guests/pvgrub/grub.cfg | $(BUILD)/.setup-dom0
	$(call say,GRUB,$@)
	$(Q)guests/pvgrub/build $@

# ---- Control domain ---------------------------------------------------------------------------

include dom0/dom0.mk

# ---- Host tests -------------------------------------------------------------------------------

HOST_PREREQUISITES := Makefile | $(BUILD)/include/xen $(BUILD)/.setup-test

$(HOST_HV_OBJECTS): $(BUILD)/host/%.o: % $(HOST_PREREQUISITES)
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(HOST_FLAGS) $(HOST_RENAMES) -MMD -MP -c -o $@ $<

$(BUILD)/host/tests/%.o: tests/% $(HOST_PREREQUISITES) $(BUILD)/.newlib
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(HOST_FLAGS) -idirafter $(DOM0_LIBRARIES)/include -MMD -MP -c -o $@ $<

# zlib is the control domain's, and so are the interfaces for control tools.
$(HOST_DOM0_OBJECTS): $(BUILD)/host/%.o: % $(HOST_PREREQUISITES) $(BUILD)/.newlib
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(HOST_FLAGS) -D__XEN_TOOLS__ -idirafter $(DOM0_LIBRARIES)/include -MMD -MP -c -o $@ $<

# Archives, so that a test of one piece need not simulate what the others call.
$(BUILD)/host/libringlet.a: $(HOST_HV_OBJECTS)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/host/libtests.a: $(HOST_SHARED_OBJECTS)
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/host/libdom0.a: $(HOST_DOM0_OBJECTS)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

HOST_LIBRARIES := $(BUILD)/host/libtests.a $(BUILD)/host/libdom0.a $(BUILD)/host/libringlet.a
HOST_LINK = $(Q)mkdir -p $(@D) && $(CLANG) $(HOST_FLAGS) $(1) -o $@ $(filter %.o,$^) \
	-Wl,--start-group $(HOST_LIBRARIES) -Wl,--end-group \
	$(patsubst %,$(DOM0_LIBRARIES)/lib/lib%.a,z bz2 lzma lz4 zstd) $(2)

$(BUILD)/unit/%: $(BUILD)/host/tests/unit/%.c.o $(HOST_LIBRARIES)
	$(call say,HOSTLD,$@)
	$(call HOST_LINK,$(HOST_WRAPS),-lcmocka)

# Its own allocators, which fail when it wants.
$(BUILD)/unit/test_shortage: HOST_WRAPS := $(foreach name,alloc_pages heap_page_alloc heap_alloc,-Wl,--wrap=$(name))

$(BUILD)/fuzz/%: $(BUILD)/host/tests/fuzz/%.c.o $(HOST_LIBRARIES)
	$(call say,HOSTLD,$@)
	$(call HOST_LINK,-fsanitize=fuzzer,)

-include $(HOST_HV_OBJECTS:.o=.d) $(HOST_DOM0_OBJECTS:.o=.d) $(HOST_SHARED_OBJECTS:.o=.d) \
	$(patsubst %,$(BUILD)/host/%.d,$(wildcard tests/unit/*.c tests/fuzz/*.c))
-include $(HV_OBJECTS:.o=.d) $(PVRT_OBJECTS:.o=.d) $(OUT)/obj/asm-offsets.d \
	$(OUT)/linker.lds.d $(BUILD)/guests/guest.lds.d \
	$(patsubst %,$(BUILD)/obj/%.d,$(wildcard guests/*/*.[cS]))
