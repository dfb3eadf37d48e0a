/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices of the virt board (ACPI 6.3), where they always are; the processors stand in an SSDT that acpi_virt.c writes.
 * There is no _S5: power goes off by PSCI.
 */
DefinitionBlock ("dsdt.aml", "DSDT", 2, "GALVAN", "GALVANIC", 1)
{
    Scope (\_SB)
    {
        Device (COM0)
        {
            Name (_HID, "ARMH0011") /* PL011 */
            Name (_UID, 0)
            Name (_CRS, ResourceTemplate ()
            {
                Memory32Fixed (ReadWrite, 0x09000000, 0x00001000)
                Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive) { 33 }
            })
        }

        Device (RTC0)
        {
            Name (_HID, "LNRO0013") /* PL031 */
            Name (_UID, 0)
            Name (_CRS, ResourceTemplate ()
            {
                Memory32Fixed (ReadWrite, 0x09010000, 0x00001000)
                Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive) { 34 }
            })
        }

        Device (FWCF)
        {
            Name (_HID, "QEMU0002")
            Name (_STA, 0x0B)
            Name (_CCA, 1)
            Name (_CRS, ResourceTemplate ()
            {
                Memory32Fixed (ReadWrite, 0x09020000, 0x00000018)
            })
        }

        /* The power key is on pin 3. */
        Device (GPO0)
        {
            Name (_HID, "ARMH0061") /* PL061 */
            Name (_UID, 0)
            Name (_CRS, ResourceTemplate ()
            {
                Memory32Fixed (ReadWrite, 0x09030000, 0x00001000)
                Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive) { 39 }
            })
            Name (_AEI, ResourceTemplate ()
            {
                GpioInt (Edge, ActiveHigh, Exclusive, PullUp, 0, "\\_SB.GPO0") { 3 }
            })
            Method (_E03)
            {
                Notify (\_SB.PWRB, 0x80)
            }
        }

        Device (PWRB)
        {
            Name (_HID, EisaId ("PNP0C0C"))
            Name (_UID, 0)
        }

        /* The four lines that the pins of PCI devices share. */
        Device (GSI0)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 0)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) { 35 }
            })
            Method (_CRS) { Return (_PRS) }
            Method (_SRS, 1) { }
            Method (_DIS) { }
        }

        Device (GSI1)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 1)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) { 36 }
            })
            Method (_CRS) { Return (_PRS) }
            Method (_SRS, 1) { }
            Method (_DIS) { }
        }

        Device (GSI2)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 2)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) { 37 }
            })
            Method (_CRS) { Return (_PRS) }
            Method (_SRS, 1) { }
            Method (_DIS) { }
        }

        Device (GSI3)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 3)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) { 38 }
            })
            Method (_CRS) { Return (_PRS) }
            Method (_SRS, 1) { }
            Method (_DIS) { }
        }

        Device (PCI0)
        {
            Name (_HID, EisaId ("PNP0A08"))
            Name (_CID, EisaId ("PNP0A03"))
            Name (_UID, 0)
            Name (_SEG, 0)
            Name (_BBN, 0)
            Name (_CCA, 1)

            Include ("virt_prt.asl")

            Name (_CRS, ResourceTemplate ()
            {
                WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
                    0x0000, 0x0000, 0x00FF, 0x0000, 0x0100)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                    0x00000000, 0x10000000, 0x3EFEFFFF, 0x00000000, 0x2EFF0000)
                DWordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
                    0x00000000, 0x00000000, 0x0000FFFF, 0x3EFF0000, 0x00010000,,,, TypeTranslation)
                QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                    0x0000000000000000, 0x0000008000000000, 0x000000FFFFFFFFFF, 0x0000000000000000,
                    0x0000008000000000)
            })

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

            /* The configuration space, so that nobody else takes it. */
            Device (RES0)
            {
                Name (_HID, EisaId ("PNP0C02"))
                Name (_CRS, ResourceTemplate ()
                {
                    QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                        0x0000000000000000, 0x0000004010000000, 0x000000401FFFFFFF, 0x0000000000000000,
                        0x0000000010000000)
                })
            }
        }
    }
}
