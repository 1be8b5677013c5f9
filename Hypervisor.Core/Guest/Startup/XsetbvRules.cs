using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Guest.Startup;

/// <summary>Whether XSETBV would accept a value, or raise #GP(0).</summary>
/// <remarks>
/// Intel SDM vol 2, XSETBV, and vol 1 §13.3; AMD APM vol 4, XSETBV, and vol 2 §11.5.2. The processor has checked CPL and CR4.OSXSAVE before
/// the exit. A set of rules that a new feature may outgrow: XSETBV of an accepted value still runs under fault fix-up.
/// </remarks>
public static class XsetbvRules
{
    /// <summary>Checks the operands of XSETBV.</summary>
    /// <param name="register">ECX: only XCR0 exists.</param>
    /// <param name="value">EDX:EAX.</param>
    /// <param name="supported">CPUID.(EAX=0DH,ECX=0):EDX:EAX, the bits that this processor has.</param>
    /// <returns>False for #GP(0).</returns>
    public static bool IsAllowed(uint register, Xcr0 value, Xcr0 supported)
    {
        bool anyAvx512 = value.OpMask || value.ZmmUpper || value.ZmmHigh16;
        bool allAvx512 = value.OpMask && value.ZmmUpper && value.ZmmHigh16;
        return register == 0
            && value.X87
            && value.IsSubsetOf(supported)
            && (!value.Avx || value.Sse)
            && (!anyAvx512 || (allAvx512 && value.Avx))
            && value.BoundRegisters == value.BoundConfiguration
            && value.TileConfiguration == value.TileData;
    }
}
