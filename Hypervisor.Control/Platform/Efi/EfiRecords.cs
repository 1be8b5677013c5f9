using System;
using Hypervisor.Core.Records;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Platform.Efi;

/// <summary>The configuration table that hands records to the host (UEFI 2.10 §4.6, §7.5.6).</summary>
internal static unsafe class EfiRecords
{
    private const nuint TablePages = BootRecords.MaximumSize / 0x1000;

    /// <summary>Publishes a table in place of the last one, whose memory stays what it is: nobody says who else reads it.</summary>
    public static bool Publish(ReadOnlySpan<byte> table)
    {
        ulong address = 0;
        EfiBootServices* services = EfiContext.Firmware.Services;
        if (services->AllocatePages(EfiAllocateType.AnyPages, EfiMemoryType.BootServicesData, TablePages, &address) != EfiStatus.Success)
        {
            return false;
        }

        table.CopyTo(new Span<byte>((void*)address, BootRecords.MaximumSize));
        EfiGuid guid = EfiGuid.HvRecords;
        return services->InstallConfigurationTable(&guid, (void*)address) == EfiStatus.Success;
    }
}
