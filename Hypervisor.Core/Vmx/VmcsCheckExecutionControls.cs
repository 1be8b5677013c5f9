using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>VM-execution controls, but for EPT (Intel SDM vol 3 §26.2.1.1).</summary>
public static class VmcsCheckExecutionControls
{
    private const ulong DescriptorAlignment = 64;
    private const uint TprThresholdLimit = 0xF;
    private const uint VectorLimit = 0xFF;

    /// <summary>The first rule broken.</summary>
    public static VmcsViolation Violation()
    {
        PinControls pin = (PinControls)Vmcs.ReadOrZero(VmcsField32.PinControls);
        PrimaryControls primary = (PrimaryControls)Vmcs.ReadOrZero(VmcsField32.PrimaryControls);
        VmcsViolation found = Capabilities((uint)pin, (uint)primary);
        if (found.Exists)
        {
            return found;
        }

        SecondaryControls secondary = Secondary(primary);
        found = Addresses(primary, secondary);
        found = found.Exists ? found : Interrupts(pin, primary, secondary);
        return found.Exists ? found : Features(secondary);
    }

    /// <summary>The secondary controls where they count; none where they do not.</summary>
    internal static SecondaryControls Secondary(PrimaryControls primary) =>
        Has(primary, PrimaryControls.SecondaryControls) ? (SecondaryControls)Vmcs.ReadOrZero(VmcsField32.SecondaryControls) : SecondaryControls.None;

    /// <summary>The secondary controls of the current VMCS.</summary>
    internal static SecondaryControls Secondary() => Secondary((PrimaryControls)Vmcs.ReadOrZero(VmcsField32.PrimaryControls));

    private static VmcsViolation Capabilities(uint pin, uint primary)
    {
        if (!VmxFacts.Pin.HasRequired(pin))
        {
            return new("pin-based controls"u8, "one is off that must be on"u8);
        }

        if (!VmxFacts.Pin.IsAllowed(pin))
        {
            return new("pin-based controls"u8, "one is on that must be off"u8);
        }

        if (!VmxFacts.Primary.HasRequired(primary))
        {
            return new("primary controls"u8, "one is off that must be on"u8);
        }

        if (!VmxFacts.Primary.IsAllowed(primary))
        {
            return new("primary controls"u8, "one is on that must be off"u8);
        }

        uint secondary = (uint)Secondary((PrimaryControls)primary);
        if (!VmxFacts.Secondary.HasRequired(secondary) && Has((PrimaryControls)primary, PrimaryControls.SecondaryControls))
        {
            return new("secondary controls"u8, "one is off that must be on"u8);
        }

        if (!VmxFacts.Secondary.IsAllowed(secondary))
        {
            return new("secondary controls"u8, "one is on that must be off"u8);
        }

        // All bits of this MSR are "may be 1".
        bool tertiary = Has((PrimaryControls)primary, PrimaryControls.TertiaryControls);
        if (tertiary && (Vmcs.ReadOrZero(VmcsField64.TertiaryControls) & ~VmxFacts.ReadMsr(Msr.VmxTertiaryControls)) != 0)
        {
            return new("tertiary controls"u8, "one is on that must be off"u8);
        }

        return Vmcs.ReadOrZero(VmcsField32.Cr3TargetCount) > VmxFacts.Cr3Targets ? new("CR3 target count"u8, "is more than the processor has"u8) : default;
    }

    private static VmcsViolation Addresses(PrimaryControls primary, SecondaryControls secondary)
    {
        if (Has(primary, PrimaryControls.UseIoBitmaps) && !(IsPage(VmcsField64.IoBitmapA) && IsPage(VmcsField64.IoBitmapB)))
        {
            return new("I/O bitmaps"u8, "an address is not that of a page"u8);
        }

        if (Has(primary, PrimaryControls.UseMsrBitmaps) && !IsPage(VmcsField64.MsrBitmap))
        {
            return new("MSR bitmaps"u8, "the address is not that of a page"u8);
        }

        if (Has(primary, PrimaryControls.UseTprShadow) && !IsPage(VmcsField64.VirtualApicPage))
        {
            return new("virtual APIC page"u8, "the address is not that of a page"u8);
        }

        if (Has(secondary, SecondaryControls.VirtualizeApicAccesses) && !IsPage(VmcsField64.ApicAccessPage))
        {
            return new("APIC-access page"u8, "the address is not that of a page"u8);
        }

        if (Has(secondary, SecondaryControls.VmcsShadowing) && !(IsPage(VmcsField64.VmreadBitmap) && IsPage(VmcsField64.VmwriteBitmap)))
        {
            return new("VMREAD and VMWRITE bitmaps"u8, "an address is not that of a page"u8);
        }

        if (Has(secondary, SecondaryControls.EptViolationExceptions) && !IsPage(VmcsField64.VirtualizationExceptionPage))
        {
            return new("virtualization-exception page"u8, "the address is not that of a page"u8);
        }

        if (Has(secondary, SecondaryControls.EnablePml) && !IsPage(VmcsField64.PmlAddress))
        {
            return new("page-modification log"u8, "the address is not that of a page"u8);
        }

        return Has(secondary, SecondaryControls.SubPageWrite) && !IsPage(VmcsField64.SubPageTable)
            ? new("sub-page permission table"u8, "the address is not that of a page"u8)
            : default;
    }

    private static VmcsViolation Interrupts(PinControls pin, PrimaryControls primary, SecondaryControls secondary)
    {
        bool virtualNmis = (pin & PinControls.VirtualNmis) != 0;
        bool tprShadow = Has(primary, PrimaryControls.UseTprShadow);
        bool delivery = Has(secondary, SecondaryControls.VirtualInterruptDelivery);
        const SecondaryControls needShadow =
            SecondaryControls.VirtualizeX2Apic | SecondaryControls.ApicRegisterVirtualization | SecondaryControls.VirtualInterruptDelivery;
        if (virtualNmis && (pin & PinControls.NmiExiting) == 0)
        {
            return new("pin-based controls"u8, "virtual NMIs without NMI exiting"u8);
        }

        if (Has(primary, PrimaryControls.NmiWindowExiting) && !virtualNmis)
        {
            return new("primary controls"u8, "NMI-window exiting without virtual NMIs"u8);
        }

        if (!tprShadow && (secondary & needShadow) != 0)
        {
            return new("secondary controls"u8, "APIC virtualisation without the TPR shadow"u8);
        }

        if (tprShadow && !delivery && Vmcs.ReadOrZero(VmcsField32.TprThreshold) > TprThresholdLimit)
        {
            return new("TPR threshold"u8, "reserved bits are set"u8);
        }

        if (Has(secondary, SecondaryControls.VirtualizeX2Apic) && Has(secondary, SecondaryControls.VirtualizeApicAccesses))
        {
            return new("secondary controls"u8, "virtual x2APIC mode together with virtual APIC accesses"u8);
        }

        if (delivery && (pin & PinControls.ExternalInterruptExiting) == 0)
        {
            return new("secondary controls"u8, "virtual-interrupt delivery without external-interrupt exiting"u8);
        }

        return (pin & PinControls.PostedInterrupts) != 0 ? PostedInterrupts(delivery) : default;
    }

    private static VmcsViolation PostedInterrupts(bool delivery)
    {
        ExitControls exit = (ExitControls)Vmcs.ReadOrZero(VmcsField32.ExitControls);
        if (!delivery || (exit & ExitControls.AcknowledgeInterrupt) == 0)
        {
            return new("pin-based controls"u8, "posted interrupts without virtual-interrupt delivery and acknowledgement"u8);
        }

        ulong descriptor = Vmcs.ReadOrZero(VmcsField64.PostedInterruptDescriptor);
        if (!VmxFacts.IsPhysical(descriptor) || !VmxFacts.IsAligned(descriptor, DescriptorAlignment))
        {
            return new("posted-interrupt descriptor"u8, "the address is not aligned or too wide"u8);
        }

        return Vmcs.ReadOrZero(VmcsField16.PostedInterruptVector) > VectorLimit ? new("posted-interrupt vector"u8, "is more than 255"u8) : default;
    }

    private static VmcsViolation Features(SecondaryControls secondary)
    {
        if (Has(secondary, SecondaryControls.EnableVpid) && Vmcs.ReadOrZero(VmcsField16.Vpid) == 0)
        {
            return new("VPID"u8, "is 0"u8);
        }

        bool functions = Has(secondary, SecondaryControls.EnableVmFunctions);
        if (functions && (Vmcs.ReadOrZero(VmcsField64.VmFunctionControls) & ~VmxFacts.ReadMsr(Msr.VmxVmFunctions)) != 0)
        {
            return new("VM-function controls"u8, "one is on that must be off"u8);
        }

        return Has(secondary, SecondaryControls.UseTscScaling) && Vmcs.ReadOrZero(VmcsField64.TscMultiplier) == 0
            ? new("TSC multiplier"u8, "is 0"u8)
            : default;
    }

    private static bool Has(PrimaryControls controls, PrimaryControls wanted) => (controls & wanted) != 0;

    private static bool Has(SecondaryControls controls, SecondaryControls wanted) => (controls & wanted) != 0;

    private static bool IsPage(VmcsField64 field) => VmxFacts.IsPage(Vmcs.ReadOrZero(field));
}
