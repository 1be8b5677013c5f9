using System.Runtime.InteropServices;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Guests.AcpiTables;

/// <summary>EFI_MP_SERVICES_PROTOCOL (UEFI PI 1.7, volume 2 §13.4): what the firmware knows about the processors.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct EfiMpServices
{
    /// <summary>Its GUID, 3FDDA605-A76E-4F46-AD29-12F4531B3D08.</summary>
    public static EfiGuid Guid => new(0x4F46_A76E_3FDD_A605, 0x083D_1B53_F412_29AD);

    /// <summary>How many processors there are: this, number, number of those that are enabled.</summary>
    public delegate* unmanaged<EfiMpServices*, nuint*, nuint*, EfiStatus> GetNumberOfProcessors;

    /// <summary>One of them: this, its number, what is known of it.</summary>
    public delegate* unmanaged<EfiMpServices*, nuint, EfiProcessorInformation*, EfiStatus> GetProcessorInfo;
}
