#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the interrupt routing of the q35 board as ASL: which line each pin of each slot is wired to.

As the LPC bridge has it (devices/platform/ich9_lpc.c): slots 0 to 24 take PIRQE to PIRQH in turn, slot 30 takes them
from INTA on, the chipset's own slots 25 to 29 and 31 take PIRQA to PIRQD.  PRTP is for the 8259 (through link
devices), PRTA for the I/O APIC (PIRQA is global system interrupt 16).
"""
import sys

FIRST_OWN_SLOT = 25
DMI_BRIDGE_SLOT = 30


def pirq(slot, pin):
    if slot < FIRST_OWN_SLOT:
        return 4 + (slot + pin) % 4
    return pin + (4 if slot == DMI_BRIDGE_SLOT else 0)


def package(name, target):
    yield f'Name ({name}, Package () {{'
    entries = [f'    Package () {{ 0x{slot:04X}FFFF, {pin}, {target(pirq(slot, pin))} }}'
               for slot in range(32) for pin in range(4)]
    yield ',\n'.join(entries)
    yield '})'


with open(sys.argv[1], 'w') as out:
    for line in package('PRTP', lambda line: f'\\_SB.LNK{"ABCDEFGH"[line]}, 0'):
        out.write(line + '\n')
    for line in package('PRTA', lambda line: f'0, {16 + line}'):
        out.write(line + '\n')
