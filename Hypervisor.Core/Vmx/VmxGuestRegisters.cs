using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>
/// CR0 and CR4 of the guest. The host owns the least possible: CR0.NE, which VMX operation demands, CR4.VMXE, likewise, CR4.SMXE, which would make
/// GETSEC exist, and CR4.FRED, because the VMCS does not switch that feature's state. Of these the guest reads a shadow; all other bits are its own, without an exit.
/// </summary>
public static class VmxGuestRegisters
{
    /// <summary>Bits of CR0 that belong to the host.</summary>
    public static ulong OwnedCr0 => default(Cr0).WithNumericError(true).Value;

    /// <summary>Bits of CR4 that belong to the host.</summary>
    public static ulong OwnedCr4 => default(Cr4).WithVmxEnable(true).WithSmxEnable(true).WithFlexibleReturn(true).Value;

    /// <summary>Gives the guest a CR0.</summary>
    public static void WriteCr0(Cr0 value)
    {
        Vmcs.Write(VmcsFieldNatural.GuestCr0, value.WithNumericError(true).Value);
        Vmcs.Write(VmcsFieldNatural.Cr0Shadow, value.Value);
    }

    /// <summary>Gives the guest a CR4.</summary>
    public static void WriteCr4(Cr4 value)
    {
        Vmcs.Write(VmcsFieldNatural.GuestCr4, value.WithVmxEnable(true).Value);
        Vmcs.Write(VmcsFieldNatural.Cr4Shadow, value.WithVmxEnable(false).WithSmxEnable(false).WithFlexibleReturn(false).Value);
    }
}
