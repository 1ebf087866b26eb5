# SPDX-License-Identifier: MIT
#
# Builds dom0.elf, the control domain: its own sources, the PV runtime that it shares with our guests,
# the hypervisor's reader of kernel images, newlib, and Debian's compression libraries. Included by
# the Makefile.

DOM0_LIBRARIES := $(BUILD)/newlib
DOM0_SOURCES := $(sort $(wildcard dom0/*.[cS] dom0/*/*.[cS])) core/elf.c core/elf_note.c core/start_layout.c
# newlib has its own string functions; the test reporter is for test guests.
DOM0_PVRT := $(filter-out %/string.c.o %/test.c.o,$(PVRT_OBJECTS))
DOM0_OBJECTS := $(DOM0_SOURCES:%=$(BUILD)/obj/dom0/%.o)

DOM0_FLAGS = -m32 -U__linux__ -U__unix__ -march=i686 -std=gnu11 -fno-pic -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -fno-common -mno-sse -mno-mmx \
	-ffunction-sections -fdata-sections -nostdinc -isystem $(COMPILER_INCLUDE) \
	-isystem $(DOM0_LIBRARIES)/include -I. -I$(BUILD)/include $(ABI_FLAGS) -D__XEN_TOOLS__ \
	$(WARNINGS) -g -O2
DOM0_C_FLAGS := -include stdint.h -fmax-errors=20 -Wstrict-prototypes -Wmissing-prototypes

.PHONY: dom0
dom0: $(BUILD)/dom0.elf

$(BUILD)/.newlib: tools/newlib | $(BUILD)/.setup-dom0
	$(Q)tools/newlib $(DOM0_LIBRARIES)
	$(Q)touch $@

$(BUILD)/obj/dom0/%.c.o: %.c Makefile dom0/dom0.mk $(BUILD)/.newlib | $(BUILD)/include/xen
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(DOM0_FLAGS) $(DOM0_C_FLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/dom0/%.S.o: %.S Makefile dom0/dom0.mk | $(BUILD)/include/xen
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(TARGET_FLAGS) -D__ASSEMBLY__ -MMD -MP -c -o $@ $<

# The entry and the notes of the runtime are found by the loader and not by a reference.
$(BUILD)/dom0.debug: $(DOM0_OBJECTS) $(DOM0_PVRT) $(BUILD)/guests/guest.lds
	$(call say,LD,$@)
	$(Q)$(LINK) -Wl,--build-id=none -Wl,--gc-sections -Wl,-T,$(BUILD)/guests/guest.lds \
		-Wl,-Map,$(BUILD)/dom0.map -o $@ $(DOM0_OBJECTS) $(DOM0_PVRT) \
		-L$(DOM0_LIBRARIES)/lib -Wl,--start-group -lc -lz -lbz2 -llzma -llz4 -lzstd -Wl,--end-group $(LIBGCC)

# GRUB loads the whole file: what is for a debugger stays outside.
$(BUILD)/dom0.elf: $(BUILD)/dom0.debug
	$(Q)objcopy --strip-debug $< $@

-include $(DOM0_OBJECTS:.o=.d)
