using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Vmx;

/// <summary>Values that host and guest MSRs must not have (Intel SDM vol 3 §26.2.2 and §26.3.1.1).</summary>
internal static class VmcsCheckMsrs
{
    private const ulong CetReserved = 0x3C0; // IA32_S_CET bits 9:6, SDM vol 4 table 2-2
    private const ulong CetSuppress = 1UL << 10;
    private const ulong CetTracker = 1UL << 11;
    private const ulong StackAlignment = 4;
    private const int ProtectionKeysBits = 32;

    /// <summary>IA32_S_CET.</summary>
    internal static bool IsCetValid(ulong value) =>
        (value & CetReserved) == 0 && (value & (CetSuppress | CetTracker)) != (CetSuppress | CetTracker) && VmxFacts.IsCanonical(value);

    /// <summary>SSP.</summary>
    internal static bool IsShadowStackPointerValid(ulong value) => VmxFacts.IsAligned(value, StackAlignment) && VmxFacts.IsCanonical(value);

    /// <summary>IA32_PKRS.</summary>
    internal static bool IsProtectionKeysValid(ulong value) => value >> ProtectionKeysBits == 0;

    /// <summary>EFER has only bits that exist.</summary>
    internal static bool IsEferKnown(Efer efer) => (efer.Value & ~VmxFacts.EferBits.Value) == 0;
}
