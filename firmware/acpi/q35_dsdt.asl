/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices of the q35 board that cannot be found by looking at PCI (ACPI 6.3).  What depends on the size of the
 * machine stands in an SSDT of names that acpi_pc.c writes:
 *
 *   LBUS  last bus number              ECAB ECAL  base and length of the configuration window
 *   M32B M32L  PCI window below 4 GiB  M64B M64L  PCI window above, length 0: none
 *   HPTA  address of the HPET, 0: none PMBA  base of the power management ports
 */
DefinitionBlock ("dsdt.aml", "DSDT", 2, "GALVAN", "GALVANIC", 1)
{
    External (\LBUS, IntObj)
    External (\ECAB, IntObj)
    External (\ECAL, IntObj)
    External (\M32B, IntObj)
    External (\M32L, IntObj)
    External (\M64B, IntObj)
    External (\M64L, IntObj)
    External (\HPTA, IntObj)
    External (\PMBA, IntObj)

    /* Soft off: SLP_TYP of PM1a_CNT and PM1b_CNT. */
    Name (\_S5, Package () { 0, 0, 0, 0 })

    /* 0: the 8259 pair delivers interrupts, 1: the I/O APIC. */
    Name (\PICM, 0)
    Method (\_PIC, 1)
    {
        PICM = Arg0
    }

    Scope (\_SB)
    {
        Device (PCI0)
        {
            Name (_HID, EisaId ("PNP0A08"))
            Name (_CID, EisaId ("PNP0A03"))
            Name (_UID, 0)
            Name (_SEG, 0)
            Name (_BBN, 0)

            Name (LOWR, ResourceTemplate ()
            {
                WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
                    0x0000, 0x0000, 0x00FF, 0x0000, 0x0100,,, BUSN)
                IO (Decode16, 0x0CF8, 0x0CF8, 0x01, 0x08)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0x0000, 0x0000, 0x0CF7, 0x0000, 0x0CF8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0x0000, 0x0D00, 0xFFFF, 0x0000, 0xF300)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadWrite,
                    0x00000000, 0x000A0000, 0x000BFFFF, 0x00000000, 0x00020000)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                    0x00000000, 0xC0000000, 0xFEBFFFFF, 0x00000000, 0x3EC00000,,, MEM3)
            })

            Name (HIGR, ResourceTemplate ()
            {
                QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadWrite,
                    0x0000000000000000, 0x0000000800000000, 0x0000000FFFFFFFFF, 0x0000000000000000,
                    0x0000000800000000,,, MEM6)
            })

            Method (_CRS, 0, Serialized)
            {
                CreateWordField (LOWR, ^BUSN._MAX, BMAX)
                CreateWordField (LOWR, ^BUSN._LEN, BLEN)
                CreateDWordField (LOWR, ^MEM3._MIN, LMIN)
                CreateDWordField (LOWR, ^MEM3._MAX, LMAX)
                CreateDWordField (LOWR, ^MEM3._LEN, LLEN)
                BMAX = LBUS
                BLEN = LBUS + 1
                LMIN = M32B
                LMAX = M32B + M32L - 1
                LLEN = M32L
                If (M64L == 0)
                {
                    Return (LOWR)
                }
                CreateQWordField (HIGR, ^MEM6._MIN, HMIN)
                CreateQWordField (HIGR, ^MEM6._MAX, HMAX)
                CreateQWordField (HIGR, ^MEM6._LEN, HLEN)
                HMIN = M64B
                HMAX = M64B + M64L - 1
                HLEN = M64L
                Return (ConcatenateResTemplate (LOWR, HIGR))
            }

            /* PCI Firmware Specification 3.2, section 4.5: what the system may control by itself. */
            Method (_OSC, 4, Serialized)
            {
                CreateDWordField (Arg3, 0, CDW1)
                If (Arg0 != ToUUID ("33db4d5b-1ff7-401c-9657-7441c03dd766"))
                {
                    CDW1 |= 0x04
                    Return (Arg3)
                }
                CreateDWordField (Arg3, 8, CDW3)
                If (Arg1 != 1)
                {
                    CDW1 |= 0x08
                }
                Local0 = CDW3 & 0x1D /* all but SHPC hot plug */
                If (CDW3 != Local0)
                {
                    CDW1 |= 0x10
                }
                CDW3 = Local0
                Return (Arg3)
            }

            Include ("q35_prt.asl")
            Method (_PRT, 0)
            {
                If (PICM)
                {
                    Return (PRTA)
                }
                Return (PRTP)
            }

            /* The LPC bridge and what stands on the ISA bus behind it. */
            Device (ISA)
            {
                Name (_ADR, 0x001F0000)

                OperationRegion (PIRQ, PCI_Config, 0x60, 0x0C)
                Field (PIRQ, ByteAcc, NoLock, Preserve)
                {
                    PRQA, 8,
                    PRQB, 8,
                    PRQC, 8,
                    PRQD, 8,
                    Offset (0x08),
                    PRQE, 8,
                    PRQF, 8,
                    PRQG, 8,
                    PRQH, 8
                }
                Device (PIC)
                {
                    Name (_HID, EisaId ("PNP0000"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x0020, 0x0020, 0x01, 0x02)
                        IO (Decode16, 0x00A0, 0x00A0, 0x01, 0x02)
                        IO (Decode16, 0x04D0, 0x04D0, 0x01, 0x02)
                        IRQNoFlags () { 2 }
                    })
                }

                Device (TIMR)
                {
                    Name (_HID, EisaId ("PNP0100"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x0040, 0x0040, 0x01, 0x04)
                        IRQNoFlags () { 0 }
                    })
                }

                Device (DMAC)
                {
                    Name (_HID, EisaId ("PNP0200"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x0000, 0x0000, 0x01, 0x10)
                        IO (Decode16, 0x0081, 0x0081, 0x01, 0x0F)
                        IO (Decode16, 0x00C0, 0x00C0, 0x01, 0x20)
                        DMA (Compatibility, BusMaster, Transfer8, ) { 4 }
                    })
                }

                Device (SPKR)
                {
                    Name (_HID, EisaId ("PNP0800"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x0061, 0x0061, 0x01, 0x01)
                    })
                }

                Device (RTC)
                {
                    Name (_HID, EisaId ("PNP0B00"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x0070, 0x0070, 0x01, 0x08)
                        IRQNoFlags () { 8 }
                    })
                }

                Device (KBD)
                {
                    Name (_HID, EisaId ("PNP0303"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x0060, 0x0060, 0x01, 0x01)
                        IO (Decode16, 0x0064, 0x0064, 0x01, 0x01)
                        IRQNoFlags () { 1 }
                    })
                }

                Device (MOU)
                {
                    Name (_HID, EisaId ("PNP0F13"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IRQNoFlags () { 12 }
                    })
                }

                Device (COM1)
                {
                    Name (_HID, EisaId ("PNP0501"))
                    Name (_UID, 1)
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x03F8, 0x03F8, 0x01, 0x08)
                        IRQNoFlags () { 4 }
                    })
                }

                Device (COM2)
                {
                    Name (_HID, EisaId ("PNP0501"))
                    Name (_UID, 2)
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x02F8, 0x02F8, 0x01, 0x08)
                        IRQNoFlags () { 3 }
                    })
                }

                /* Ports of the board that belong to no device with a driver. */
                Device (MBRD)
                {
                    Name (_HID, EisaId ("PNP0C02"))
                    Name (_UID, 1)
                    Name (PORT, ResourceTemplate ()
                    {
                        IO (Decode16, 0x0080, 0x0080, 0x01, 0x01)
                        IO (Decode16, 0x0092, 0x0092, 0x01, 0x01)
                        IO (Decode16, 0x00B2, 0x00B2, 0x01, 0x02)
                        IO (Decode16, 0x00E9, 0x00E9, 0x01, 0x01)
                        IO (Decode16, 0x0402, 0x0402, 0x01, 0x01)
                        IO (Decode16, 0x0501, 0x0501, 0x01, 0x04)
                        IO (Decode16, 0x0600, 0x0600, 0x01, 0x80, PMIO)
                    })
                    Method (_CRS, 0, Serialized)
                    {
                        CreateWordField (PORT, ^PMIO._MIN, PMIN)
                        CreateWordField (PORT, ^PMIO._MAX, PMAX)
                        PMIN = PMBA
                        PMAX = PMBA
                        Return (PORT)
                    }
                }
            }
        }

        /* The window of PCI configuration space: PCI Firmware Specification 3.2, section 4.1.2. */
        Device (MCFG)
        {
            Name (_HID, EisaId ("PNP0C02"))
            Name (_UID, 2)
            Name (WIND, ResourceTemplate ()
            {
                QWordMemory (ResourceConsumer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                    0x0000000000000000, 0x00000000B0000000, 0x00000000BFFFFFFF, 0x0000000000000000,
                    0x0000000010000000,,, ECAM)
            })
            Method (_STA, 0)
            {
                If (ECAL == 0)
                {
                    Return (0x00)
                }
                Return (0x0F)
            }
            Method (_CRS, 0, Serialized)
            {
                CreateQWordField (WIND, ^ECAM._MIN, EMIN)
                CreateQWordField (WIND, ^ECAM._MAX, EMAX)
                CreateQWordField (WIND, ^ECAM._LEN, ELEN)
                EMIN = ECAB
                EMAX = ECAB + ECAL - 1
                ELEN = ECAL
                Return (WIND)
            }
        }

        Device (HPET)
        {
            Name (_HID, EisaId ("PNP0103"))
            Name (_UID, 0)
            Name (WIND, ResourceTemplate ()
            {
                Memory32Fixed (ReadWrite, 0xFED00000, 0x00000400, REGS)
            })
            Method (_STA, 0)
            {
                If (HPTA == 0)
                {
                    Return (0x00)
                }
                Return (0x0F)
            }
            Method (_CRS, 0, Serialized)
            {
                CreateDWordField (WIND, ^REGS._BAS, BASE)
                BASE = HPTA
                Return (WIND)
            }
        }

        /*
         * Links from PIRQs to inputs of the 8259, by the routing registers: bits 0 to 3 the input, bit 7 off.  LSTA and
         * LCRS answer for all eight.
         */
        Method (LSTA, 1)
        {
            If (Arg0 & 0x80)
            {
                Return (0x09)
            }
            Return (0x0B)
        }

        Name (LBUF, ResourceTemplate ()
        {
            IRQ (Level, ActiveLow, Shared, LINE) { 11 }
        })
        Method (LCRS, 1, Serialized)
        {
            CreateWordField (LBUF, ^LINE._INT, BITS)
            If (Arg0 & 0x80)
            {
                BITS = 0
            }
            Else
            {
                BITS = 1 << (Arg0 & 0x0F)
            }
            Return (LBUF)
        }

        /* The input that a resource buffer chooses. */
        Method (LSRS, 1, Serialized)
        {
            CreateWordField (Arg0, 1, BITS)
            FindSetRightBit (BITS, Local0)
            If (Local0 == 0)
            {
                Return (0x80)
            }
            Return (Local0 - 1)
        }

        Name (LPRS, ResourceTemplate ()
        {
            IRQ (Level, ActiveLow, Shared) { 5, 10, 11 }
        })

        Device (LNKA)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 1)
            Method (_STA) { Return (LSTA (\_SB.PCI0.ISA.PRQA)) }
            Method (_PRS) { Return (LPRS) }
            Method (_DIS) { \_SB.PCI0.ISA.PRQA |= 0x80 }
            Method (_CRS) { Return (LCRS (\_SB.PCI0.ISA.PRQA)) }
            Method (_SRS, 1) { \_SB.PCI0.ISA.PRQA = LSRS (Arg0) }
        }

        Device (LNKB)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 2)
            Method (_STA) { Return (LSTA (\_SB.PCI0.ISA.PRQB)) }
            Method (_PRS) { Return (LPRS) }
            Method (_DIS) { \_SB.PCI0.ISA.PRQB |= 0x80 }
            Method (_CRS) { Return (LCRS (\_SB.PCI0.ISA.PRQB)) }
            Method (_SRS, 1) { \_SB.PCI0.ISA.PRQB = LSRS (Arg0) }
        }

        Device (LNKC)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 3)
            Method (_STA) { Return (LSTA (\_SB.PCI0.ISA.PRQC)) }
            Method (_PRS) { Return (LPRS) }
            Method (_DIS) { \_SB.PCI0.ISA.PRQC |= 0x80 }
            Method (_CRS) { Return (LCRS (\_SB.PCI0.ISA.PRQC)) }
            Method (_SRS, 1) { \_SB.PCI0.ISA.PRQC = LSRS (Arg0) }
        }

        Device (LNKD)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 4)
            Method (_STA) { Return (LSTA (\_SB.PCI0.ISA.PRQD)) }
            Method (_PRS) { Return (LPRS) }
            Method (_DIS) { \_SB.PCI0.ISA.PRQD |= 0x80 }
            Method (_CRS) { Return (LCRS (\_SB.PCI0.ISA.PRQD)) }
            Method (_SRS, 1) { \_SB.PCI0.ISA.PRQD = LSRS (Arg0) }
        }

        Device (LNKE)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 5)
            Method (_STA) { Return (LSTA (\_SB.PCI0.ISA.PRQE)) }
            Method (_PRS) { Return (LPRS) }
            Method (_DIS) { \_SB.PCI0.ISA.PRQE |= 0x80 }
            Method (_CRS) { Return (LCRS (\_SB.PCI0.ISA.PRQE)) }
            Method (_SRS, 1) { \_SB.PCI0.ISA.PRQE = LSRS (Arg0) }
        }

        Device (LNKF)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 6)
            Method (_STA) { Return (LSTA (\_SB.PCI0.ISA.PRQF)) }
            Method (_PRS) { Return (LPRS) }
            Method (_DIS) { \_SB.PCI0.ISA.PRQF |= 0x80 }
            Method (_CRS) { Return (LCRS (\_SB.PCI0.ISA.PRQF)) }
            Method (_SRS, 1) { \_SB.PCI0.ISA.PRQF = LSRS (Arg0) }
        }

        Device (LNKG)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 7)
            Method (_STA) { Return (LSTA (\_SB.PCI0.ISA.PRQG)) }
            Method (_PRS) { Return (LPRS) }
            Method (_DIS) { \_SB.PCI0.ISA.PRQG |= 0x80 }
            Method (_CRS) { Return (LCRS (\_SB.PCI0.ISA.PRQG)) }
            Method (_SRS, 1) { \_SB.PCI0.ISA.PRQG = LSRS (Arg0) }
        }

        Device (LNKH)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 8)
            Method (_STA) { Return (LSTA (\_SB.PCI0.ISA.PRQH)) }
            Method (_PRS) { Return (LPRS) }
            Method (_DIS) { \_SB.PCI0.ISA.PRQH |= 0x80 }
            Method (_CRS) { Return (LCRS (\_SB.PCI0.ISA.PRQH)) }
            Method (_SRS, 1) { \_SB.PCI0.ISA.PRQH = LSRS (Arg0) }
        }
    }
}
