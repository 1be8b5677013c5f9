using System.Runtime;
using Hypervisor.Uefi.Loading;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Uefi.Entry;

/// <summary>Where the firmware enters the image.</summary>
public static unsafe class EfiEntry
{
    /// <summary>Entry point of the driver (UEFI 2.10 §4.1).</summary>
    [RuntimeExport("EfiMain")]
    public static EfiStatus Main(void* imageHandle, EfiSystemTable* systemTable) => Loader.Load(new Firmware(imageHandle, systemTable));
}
