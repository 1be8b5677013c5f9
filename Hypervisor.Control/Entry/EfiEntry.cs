using System.Runtime;
using Hypervisor.Control.Platform.Efi;
using Hypervisor.Uefi.Loading;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Entry;

/// <summary>Where the firmware enters hvctl.efi.</summary>
public static unsafe class EfiEntry
{
    /// <summary>Entry point (UEFI 2.10 §4.1).</summary>
    [RuntimeExport("EfiMain")]
    public static EfiStatus Main(void* imageHandle, EfiSystemTable* systemTable)
    {
        EfiPlatform.Open(new Firmware(imageHandle, systemTable), imageHandle, systemTable);
        ExitStatus status = EfiArguments.Read() ? ControlProgram<EfiPlatform>.Run() : ExitStatus.Usage;
        return status switch
        {
            ExitStatus.Success => EfiStatus.Success,
            ExitStatus.Usage => EfiStatus.InvalidParameter,
            ExitStatus.NoAnswer => EfiStatus.NotFound,
            ExitStatus.NotAccepted => EfiStatus.AccessDenied,
            ExitStatus.Failure => EfiStatus.Aborted,
            _ => EfiStatus.Aborted,
        };
    }
}
