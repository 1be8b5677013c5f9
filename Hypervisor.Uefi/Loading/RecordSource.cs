using System;
using Hypervisor.Core.Host;
using Hypervisor.Core.Records;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Uefi.Loading;

/// <summary>Finds the records that somebody has published for the host (L14).</summary>
public static unsafe class RecordSource
{
    /// <summary>Hands them over, if there are any that are what they should be.</summary>
    /// <returns>False when there is a table that cannot be taken.</returns>
    public static bool Find(Firmware firmware, BootParameters* parameters)
    {
        byte* table = firmware.ConfigurationTable(EfiGuid.HvRecords);
        if (table == null)
        {
            return true;
        }

        uint size = BootRecords.SizeFrom(new ReadOnlySpan<byte>(table, BootRecords.HeaderSize));
        if (size == 0 || !BootRecords.IsValid(new ReadOnlySpan<byte>(table, (int)size)))
        {
            return false;
        }

        parameters->Records = table;
        parameters->RecordsSize = size;
        return true;
    }
}
