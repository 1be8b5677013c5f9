using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>Extended page tables and the controls that need them (Intel SDM vol 3 §26.2.1.1).</summary>
public static class VmcsCheckEpt
{
    private const ulong FourLevelsBit = 1UL << 6; // IA32_VMX_EPT_VPID_CAP, appendix A.10
    private const ulong FiveLevelsBit = 1UL << 7;
    private const ulong UncacheableBit = 1UL << 8;
    private const ulong WriteBackBit = 1UL << 14;
    private const ulong AccessedDirtyBit = 1UL << 21;
    private const ulong ShadowStacksBit = 1UL << 23;
    private const int FourLevels = 4;
    private const int FiveLevels = 5;
    private const SecondaryControls NeedEpt = SecondaryControls.UnrestrictedGuest | SecondaryControls.EnablePml | SecondaryControls.ModeBasedExecute
        | SecondaryControls.SubPageWrite | SecondaryControls.TraceUsesGuestAddresses;

    /// <summary>The first rule broken.</summary>
    public static VmcsViolation Violation()
    {
        SecondaryControls secondary = VmcsCheckExecutionControls.Secondary();
        if ((secondary & SecondaryControls.EnableEpt) == 0)
        {
            return (secondary & NeedEpt) != 0 ? new("secondary controls"u8, "one is on that needs EPT"u8) : default;
        }

        EptPointer pointer = new(Vmcs.ReadOrZero(VmcsField64.EptPointer));
        ulong capability = VmxFacts.ReadMsr(Msr.VmxEptVpidCapability);
        bool typeKnown = (pointer.TableType == MemoryType.Uncacheable && (capability & UncacheableBit) != 0)
            || (pointer.TableType == MemoryType.WriteBack && (capability & WriteBackBit) != 0);
        bool levelsKnown = (pointer.Levels == FourLevels && (capability & FourLevelsBit) != 0)
            || (pointer.Levels == FiveLevels && (capability & FiveLevelsBit) != 0);
        if (!typeKnown)
        {
            return new("EPT pointer"u8, "the memory type is not supported"u8);
        }

        if (!levelsKnown)
        {
            return new("EPT pointer"u8, "the number of levels is not supported"u8);
        }

        if (pointer.AccessedDirty && (capability & AccessedDirtyBit) == 0)
        {
            return new("EPT pointer"u8, "accessed and dirty flags are not supported"u8);
        }

        if (pointer.SupervisorShadowStacks && (capability & ShadowStacksBit) == 0)
        {
            return new("EPT pointer"u8, "supervisor shadow stacks are not supported"u8);
        }

        return pointer.HasReservedBits || !VmxFacts.IsPhysical(pointer.Root) ? new("EPT pointer"u8, "reserved bits are set"u8) : default;
    }
}
