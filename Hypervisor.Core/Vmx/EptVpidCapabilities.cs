namespace Hypervisor.Core.Vmx;

/// <summary>IA32_VMX_EPT_VPID_CAP, MSR 0x48C.</summary>
/// <remarks>Intel SDM vol 3 appendix A.10.</remarks>
/// <param name="value">The MSR as the processor holds it; 0 where it does not exist.</param>
public readonly struct EptVpidCapabilities(ulong value)
{
    private const ulong ExecuteOnlyBit = 1UL << 0;
    private const ulong FourLevelsBit = 1UL << 6;
    private const ulong FiveLevelsBit = 1UL << 7;
    private const ulong UncacheableTablesBit = 1UL << 8;
    private const ulong WriteBackTablesBit = 1UL << 14;
    private const ulong TwoMebibyteBit = 1UL << 16;
    private const ulong GibibyteBit = 1UL << 17;
    private const ulong InvalidateEptBit = 1UL << 20;
    private const ulong AccessedDirtyBit = 1UL << 21;
    private const ulong AdvancedInformationBit = 1UL << 22;
    private const ulong EptSingleBit = 1UL << 25;
    private const ulong EptAllBit = 1UL << 26;
    private const ulong InvalidateVpidBit = 1UL << 32;
    private const ulong VpidAddressBit = 1UL << 40;
    private const ulong VpidSingleBit = 1UL << 41;
    private const ulong VpidAllBit = 1UL << 42;
    private const ulong VpidKeepGlobalsBit = 1UL << 43;

    /// <summary>The MSR as the processor holds it.</summary>
    public ulong Value => value;

    /// <summary>Bit 0: entries may give execute rights alone.</summary>
    public bool ExecuteOnly => (value & ExecuteOnlyBit) != 0;

    /// <summary>Bit 6: four levels of tables.</summary>
    public bool FourLevels => (value & FourLevelsBit) != 0;

    /// <summary>Bit 7: five levels of tables.</summary>
    public bool FiveLevels => (value & FiveLevelsBit) != 0;

    /// <summary>Bit 8: the processor can read the tables as uncacheable memory.</summary>
    public bool UncacheableTables => (value & UncacheableTablesBit) != 0;

    /// <summary>Bit 14: the processor can read the tables as write-back memory.</summary>
    public bool WriteBackTables => (value & WriteBackTablesBit) != 0;

    /// <summary>Bit 16: pages of 2 MiB.</summary>
    public bool TwoMebibytePages => (value & TwoMebibyteBit) != 0;

    /// <summary>Bit 17: pages of 1 GiB.</summary>
    public bool GibibytePages => (value & GibibyteBit) != 0;

    /// <summary>Bit 20: INVEPT exists.</summary>
    public bool InvalidateEpt => (value & InvalidateEptBit) != 0;

    /// <summary>Bit 21: accessed and dirty flags.</summary>
    public bool AccessedDirty => (value & AccessedDirtyBit) != 0;

    /// <summary>Bit 22: exits by EPT violations say more about the guest's paging.</summary>
    public bool AdvancedInformation => (value & AdvancedInformationBit) != 0;

    /// <summary>Bit 25: INVEPT of one EPT pointer.</summary>
    public bool InvalidateEptSingle => (value & EptSingleBit) != 0;

    /// <summary>Bit 26: INVEPT of all EPT pointers.</summary>
    public bool InvalidateEptAll => (value & EptAllBit) != 0;

    /// <summary>Bit 32: INVVPID exists.</summary>
    public bool InvalidateVpid => (value & InvalidateVpidBit) != 0;

    /// <summary>Bit 40: INVVPID of one address.</summary>
    public bool InvalidateVpidAddress => (value & VpidAddressBit) != 0;

    /// <summary>Bit 41: INVVPID of one identifier.</summary>
    public bool InvalidateVpidSingle => (value & VpidSingleBit) != 0;

    /// <summary>Bit 42: INVVPID of all identifiers.</summary>
    public bool InvalidateVpidAll => (value & VpidAllBit) != 0;

    /// <summary>Bit 43: INVVPID of one identifier that keeps global translations.</summary>
    public bool InvalidateVpidKeepGlobals => (value & VpidKeepGlobalsBit) != 0;
}
