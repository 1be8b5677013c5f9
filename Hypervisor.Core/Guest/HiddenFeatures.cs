using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Guest;

/// <summary>
/// CPUID bits that are taken from the guest because what they advertise would not work, or work around the host. Every word is a set of bits to clear.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct HiddenFeatures
{
    /// <summary>Lowest leaf that anything is hidden from.</summary>
    public const uint FirstLeaf = StructuredFeatureLeaf;

    private const uint StructuredFeatureLeaf = 7;
    private const uint ExtendedStateLeaf = 0xD;
    private const uint TraceLeaf = 0x14;
    private const uint ExtendedFeatureLeaf = 0x8000_0001;
    private const uint TraceStateSubleaf = 8;

    /// <summary>Leaf 7, subleaf 0, EBX.</summary>
    public uint Structured0Ebx;

    /// <summary>Leaf 7, subleaf 0, ECX.</summary>
    public uint Structured0Ecx;

    /// <summary>Leaf 7, subleaf 0, EDX.</summary>
    public uint Structured0Edx;

    /// <summary>Leaf 7, subleaf 1, EAX.</summary>
    public uint Structured1Eax;

    /// <summary>Leaf 7, subleaf 1, EBX.</summary>
    public uint Structured1Ebx;

    /// <summary>Leaf 7, subleaf 1, ECX.</summary>
    public uint Structured1Ecx;

    /// <summary>Leaf 7, subleaf 1, EDX.</summary>
    public uint Structured1Edx;

    /// <summary>Leaf 0Dh, subleaf 1, EAX.</summary>
    public uint ExtendedState1Eax;

    /// <summary>Leaf 0Dh, subleaf 1, ECX: components that IA32_XSS may name.</summary>
    public uint ExtendedState1Ecx;

    /// <summary>Leaf 0Dh, subleaf 1, EDX: components that IA32_XSS may name.</summary>
    public uint ExtendedState1Edx;

    /// <summary>Leaf 8000_0001h, EDX.</summary>
    public uint ExtendedEdx;

    /// <summary>Nonzero when there shall be no Processor Trace: leaf 14h and subleaf 8 of leaf 0Dh are empty.</summary>
    public uint Trace;

    /// <summary>Takes the hidden bits out of an answer of CPUID.</summary>
    /// <param name="hidden">What to hide.</param>
    /// <param name="leaf">Leaf asked for.</param>
    /// <param name="subleaf">Subleaf asked for.</param>
    /// <param name="registers">RAX, RBX, RCX and RDX hold the answer.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Clear(HiddenFeatures* hidden, uint leaf, uint subleaf, GuestRegisters* registers)
    {
        if (leaf >= FirstLeaf)
        {
            ClearLeaf(hidden, leaf, subleaf, registers);
        }
    }

    private static void ClearLeaf(HiddenFeatures* hidden, uint leaf, uint subleaf, GuestRegisters* registers)
    {
        switch (leaf)
        {
            case StructuredFeatureLeaf when subleaf == 0:
                registers->Rbx &= ~hidden->Structured0Ebx;
                registers->Rcx &= ~hidden->Structured0Ecx;
                registers->Rdx &= ~hidden->Structured0Edx;
                break;
            case StructuredFeatureLeaf when subleaf == 1:
                registers->Rax &= ~hidden->Structured1Eax;
                registers->Rbx &= ~hidden->Structured1Ebx;
                registers->Rcx &= ~hidden->Structured1Ecx;
                registers->Rdx &= ~hidden->Structured1Edx;
                break;
            case ExtendedStateLeaf when subleaf == 1:
                registers->Rax &= ~hidden->ExtendedState1Eax;
                registers->Rcx &= ~hidden->ExtendedState1Ecx;
                registers->Rdx &= ~hidden->ExtendedState1Edx;
                break;
            case ExtendedStateLeaf when subleaf == TraceStateSubleaf && hidden->Trace != 0:
            case TraceLeaf when hidden->Trace != 0:
                registers->Rax = 0;
                registers->Rbx = 0;
                registers->Rcx = 0;
                registers->Rdx = 0;
                break;
            case ExtendedFeatureLeaf:
                registers->Rdx &= ~hidden->ExtendedEdx;
                break;
            default:
                break;
        }
    }
}
