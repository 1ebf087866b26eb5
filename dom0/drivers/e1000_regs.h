/* SPDX-License-Identifier: MIT */
/*
 * Registers and descriptors of Intel's 8254x network controllers ("PCI/PCI-X Family of Gigabit Ethernet
 * Controllers Software Developer's Manual", 317453): chapters 3 (descriptors) and 13 (registers).
 */
#pragma once

#include <stdint.h>

#define E1000_REGISTER_BYTES 0x20000u

enum e1000_register {
	E1000_CTRL = 0x0000,
	E1000_STATUS = 0x0008,
	E1000_FCAL = 0x0028,
	E1000_FCAH = 0x002c,
	E1000_FCT = 0x0030,
	E1000_ICR = 0x00c0, /* reading clears it */
	E1000_ITR = 0x00c4, /* least time between interrupts, units of 256 ns */
	E1000_IMS = 0x00d0,
	E1000_IMC = 0x00d8,
	E1000_RCTL = 0x0100,
	E1000_FCTTV = 0x0170,
	E1000_TCTL = 0x0400,
	E1000_TIPG = 0x0410,
	E1000_RDBAL = 0x2800,
	E1000_RDBAH = 0x2804,
	E1000_RDLEN = 0x2808,
	E1000_RDH = 0x2810,
	E1000_RDT = 0x2818,
	E1000_RDTR = 0x2820,
	E1000_RADV = 0x282c,
	E1000_TDBAL = 0x3800,
	E1000_TDBAH = 0x3804,
	E1000_TDLEN = 0x3808,
	E1000_TDH = 0x3810,
	E1000_TDT = 0x3818,
	E1000_TIDV = 0x3820,
	E1000_TADV = 0x382c,
	E1000_RXCSUM = 0x5000,
	E1000_MTA = 0x5200, /* 128 words */
	E1000_RAL0 = 0x5400,
	E1000_RAH0 = 0x5404,
};

#define E1000_MTA_WORDS 128u

#define E1000_CTRL_LRST (1u << 3) /* 0: link in normal operation */
#define E1000_CTRL_ASDE (1u << 5)
#define E1000_CTRL_SLU (1u << 6)
#define E1000_CTRL_FORCE (3u << 11) /* speed and duplex, not negotiated */
#define E1000_CTRL_RST (1u << 26)
#define E1000_CTRL_FLOW (3u << 27) /* pause frames, both ways */

#define E1000_STATUS_LU (1u << 1)

/* Causes of interrupts, in ICR, IMS and IMC. */
#define E1000_INT_TXDW (1u << 0)
#define E1000_INT_LSC (1u << 2)
#define E1000_INT_RXDMT0 (1u << 4)
#define E1000_INT_RXO (1u << 6)
#define E1000_INT_RXT0 (1u << 7)

#define E1000_RCTL_EN (1u << 1)
#define E1000_RCTL_UPE (1u << 3) /* all addresses, and all groups */
#define E1000_RCTL_MPE (1u << 4)
#define E1000_RCTL_BAM (1u << 15)
#define E1000_RCTL_SECRC (1u << 26) /* without the check sequence */
/* RCTL.BSIZE and BSEX zero: this. */
#define E1000_RX_BUFFER 2048u

#define E1000_TCTL_EN (1u << 1)
#define E1000_TCTL_PSP (1u << 3) /* pads short frames */
/* Collision threshold and distance as the manual recommends them for full duplex (13.4.33). */
#define E1000_TCTL_COLLISIONS (0x0fu << 4 | 0x40u << 12)
/* Gaps between frames (13.4.34). */
#define E1000_TIPG_COPPER (8u | 8u << 10 | 6u << 20)

#define E1000_RXCSUM_IP (1u << 8)
#define E1000_RXCSUM_TCP_UDP (1u << 9)

#define E1000_RAH_AV (1u << 31)

/* ---- receive descriptor (3.2.3) ---- */

struct e1000_rx_desc {
	uint64_t address;
	uint16_t length, checksum;
	uint8_t status, errors;
	uint16_t special;
};

#define E1000_RXD_DD 0x01u
#define E1000_RXD_EOP 0x02u
#define E1000_RXD_IXSM 0x04u  /* no checksum was looked at */
#define E1000_RXD_TCPCS 0x20u /* that of TCP or UDP was */
#define E1000_RXD_BAD_SUM 0x60u
#define E1000_RXD_BAD_FRAME 0x97u /* CRC, symbol, sequence, carrier, data */

/* ---- transmit descriptors (3.3.6, 3.3.7) ---- */

/* Both kinds of extended descriptors: what it is and what to do in word 2. */
union e1000_tx_desc {
	struct {
		uint64_t address;
		uint32_t command; /* with the length in the lowest 20 bits */
		uint8_t status, options;
		uint16_t special;
	} data;
	struct {
		uint8_t ip_start, ip_sum;
		uint16_t ip_end;
		uint8_t start, sum;
		uint16_t end;
		uint32_t command; /* with the bytes behind the headers in the lowest 20 bits */
		uint8_t status, header_length;
		uint16_t mss;
	} context;
	uint32_t words[4];
};

#define E1000_TXD_DATA (1u << 20)
#define E1000_TXD_DEXT (1u << 29)
#define E1000_TXD_EOP (1u << 24)
#define E1000_TXD_IFCS (1u << 25)
#define E1000_TXD_TSE (1u << 26)
#define E1000_TXD_RS (1u << 27)
/* In a context's command. */
#define E1000_TXC_TCP (1u << 24)
#define E1000_TXC_IPV4 (1u << 25)
/* data.options */
#define E1000_TXO_IP 0x01u
#define E1000_TXO_TCP_UDP 0x02u
/* data.status */
#define E1000_TXS_DD 0x01u

_Static_assert(sizeof(struct e1000_rx_desc) == 16, "manual, 3.2.3");
_Static_assert(sizeof(union e1000_tx_desc) == 16, "manual, 3.3.6");
