using System.Runtime.InteropServices;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>The 256 bits of a vector register of the guest.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct VectorValue
{
    private const int Saved = 6;
    private const int WordsOfHalf = 2;

    /// <summary>Bits 63:0, the first of four words.</summary>
    internal ulong Word0;

    /// <summary>Bits 127:64.</summary>
    internal ulong Word1;

    /// <summary>Bits 191:128.</summary>
    internal ulong Word2;

    /// <summary>Bits 255:192.</summary>
    internal ulong Word3;

    /// <summary>Reads a register.</summary>
    /// <param name="context">The processor.</param>
    /// <param name="number">0 to 15.</param>
    /// <param name="wide">Its upper half too; only where the guest has one.</param>
    /// <param name="value">Where to.</param>
    internal static void Read(EmulationContext* context, int number, bool wide, VectorValue* value)
    {
        if (number < Saved)
        {
            value->Word0 = context->SavedVectors[number * WordsOfHalf];
            value->Word1 = context->SavedVectors[(number * WordsOfHalf) + 1];
        }
        else
        {
            Instructions.StoreVector((uint)number, &value->Word0);
        }

        if (wide)
        {
            Instructions.StoreVectorHigh((uint)number, &value->Word2);
        }
    }

    /// <summary>Changes a register.</summary>
    /// <param name="context">The processor.</param>
    /// <param name="number">0 to 15.</param>
    /// <param name="wide">Its upper half too, and all that is above is cleared: so do instructions with VEX prefix.</param>
    /// <param name="value">The value.</param>
    internal static void Write(EmulationContext* context, int number, bool wide, VectorValue* value)
    {
        if (number < Saved)
        {
            context->SavedVectors[number * WordsOfHalf] = value->Word0;
            context->SavedVectors[(number * WordsOfHalf) + 1] = value->Word1;
        }
        else
        {
            Instructions.LoadVector((uint)number, &value->Word0);
        }

        if (wide)
        {
            Instructions.LoadVectorHigh((uint)number, &value->Word2);
        }
    }
}
