using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Guests.AcpiTables.Tables;
using Hypervisor.Uefi.Loading;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Guests.AcpiTables;

/// <summary>Asks the firmware and the chipset what the machine has.</summary>
public static unsafe class Hardware
{
    private const ushort CmosIndex = 0x70;
    private const ushort CmosData = 0x71;
    private const byte MemoryLow = 0x34; // memory above 16 MiB in pieces of 64 KiB
    private const byte MemoryHigh = 0x35;
    private const int PieceShift = 16;
    private const uint CountedFrom = 16 << 20;
    private const uint LowestPciMemory = 0x8000_0000; // OVMF leaves devices out of the first 2 GiB
    private const int IdShift = 24;
    private const uint Window = 0x10; // where the register that was selected appears

    /// <summary>The processors that the firmware has found.</summary>
    /// <returns>Their number; 0 where the firmware does not say.</returns>
    public static int FindProcessors(Firmware firmware, Span<byte> apicIds)
    {
        EfiGuid guid = EfiMpServices.Guid;
        void* found = null;
        nuint count;
        nuint enabled;
        if (firmware.Services->LocateProtocol(&guid, null, &found) != EfiStatus.Success)
        {
            return 0;
        }

        EfiMpServices* services = (EfiMpServices*)found;
        if (services->GetNumberOfProcessors(services, &count, &enabled) != EfiStatus.Success || count > (nuint)apicIds.Length)
        {
            return 0;
        }

        for (nuint i = 0; i < count; i++)
        {
            EfiProcessorInformation information;
            if (services->GetProcessorInfo(services, i, &information) != EfiStatus.Success)
            {
                return 0;
            }

            apicIds[(int)i] = (byte)information.ProcessorId;
        }

        return (int)count;
    }

    /// <summary>The ID in the I/O APIC's register 0.</summary>
    public static byte InputOutputApicId
    {
        get
        {
            uint* registers = (uint*)Chipset.InputOutputApic;
            *registers = 0;
            return (byte)(registers[Window / sizeof(uint)] >> IdShift);
        }
    }

    /// <summary>Where PCI devices may be: above the memory, and where OVMF puts them.</summary>
    public static uint PciMemory
    {
        get
        {
            uint end = ((uint)(ReadCmos(MemoryLow) | (ReadCmos(MemoryHigh) << 8)) << PieceShift) + CountedFrom;
            return end > LowestPciMemory ? end : LowestPciMemory;
        }
    }

    private static byte ReadCmos(byte index)
    {
        Instructions.Out8(CmosIndex, index);
        return Instructions.In8(CmosData);
    }
}
