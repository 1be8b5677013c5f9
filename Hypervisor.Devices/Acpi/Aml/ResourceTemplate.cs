using System;

namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>Resource descriptors (ACPI 6.5 §6.4).</summary>
internal static class ResourceTemplate
{
    private const byte LargeFlag = 0x80;
    private const int LargeHeader = 3;
    private const int SmallLengthMask = 7;
    private const int SmallTypeMask = 0x78;
    private const byte IoPorts = 0x40; // §6.4.2.5: information byte, then the lowest and the highest base
    private const byte FixedIoPorts = 0x48; // §6.4.2.6: the base
    private const byte EndTag = 0x78;
    private const int IoPortsBase = 2;
    private const int IoPortsLength = 7;
    private const int FixedBase = 1;
    private const int FixedLength = 3;
    private const int MostDescriptors = 64;

    /// <summary>First port of the first I/O range.</summary>
    /// <returns>0 where there is none.</returns>
    internal static ushort FirstPort(ReadOnlySpan<byte> resources)
    {
        int at = 0;
        for (int i = 0; i < MostDescriptors && at < resources.Length; i++)
        {
            byte tag = resources[at];
            int left = resources.Length - at;
            if ((tag & LargeFlag) != 0)
            {
                at += left < LargeHeader ? left : LargeHeader + AcpiTables.Read16(resources, at + 1);
                continue;
            }

            int length = tag & SmallLengthMask;
            switch (tag & SmallTypeMask)
            {
                case IoPorts when length >= IoPortsLength && left > length:
                    return AcpiTables.Read16(resources, at + IoPortsBase);
                case FixedIoPorts when length >= FixedLength && left > length:
                    return AcpiTables.Read16(resources, at + FixedBase);
                case EndTag:
                    return 0;
                default:
                    at += 1 + length;
                    break;
            }
        }

        return 0;
    }
}
