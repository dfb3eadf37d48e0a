#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the interrupt routing of a board as ASL: which line each pin of each slot is wired to.

q35: as the LPC bridge has it (devices/platform/ich9_lpc.c): slots 0 to 24 take PIRQE to PIRQH in turn, slot 30 takes
them from INTA on, the chipset's own slots 25 to 29 and 31 take PIRQA to PIRQD.  PRTP is for the 8259 (through link
devices), PRTA for the I/O APIC (PIRQA is global system interrupt 16).

virt: slot and pin are added, modulo four, which chooses one of the link devices GSI0 to GSI3.

prt.py q35|virt OUTPUT.asl
"""
import sys

FIRST_OWN_SLOT = 25
DMI_BRIDGE_SLOT = 30


def pirq(slot, pin):
    if slot < FIRST_OWN_SLOT:
        return 4 + (slot + pin) % 4
    return pin + (4 if slot == DMI_BRIDGE_SLOT else 0)


def swizzle(slot, pin):
    return (slot + pin) % 4


def package(name, line, target):
    entries = [f'    Package () {{ 0x{slot:04X}FFFF, {pin}, {target(line(slot, pin))} }}'
               for slot in range(32) for pin in range(4)]
    return f'Name ({name}, Package () {{\n' + ',\n'.join(entries) + '\n})\n'


def board(name):
    if name == 'virt':
        return package('_PRT', swizzle, lambda line: f'\\_SB.GSI{line}, 0')
    return (package('PRTP', pirq, lambda line: f'\\_SB.LNK{"ABCDEFGH"[line]}, 0') +
            package('PRTA', pirq, lambda line: f'0, {16 + line}'))


with open(sys.argv[2], 'w') as out:
    out.write(board(sys.argv[1]))
