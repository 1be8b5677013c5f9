using System;
using System.Runtime.InteropServices;

namespace Hypervisor.Core.Mediation;

/// <summary>How memory is claimed: which accesses the mediator sees, and what becomes of those that it cannot be asked about.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly unsafe struct MemoryForm
{
    /// <summary>Bytes that one mask of <see cref="PassingWrites"/> is about.</summary>
    public const int BlockSize = sizeof(uint) * BitsPerMask;

    private const int BitsPerMask = 32;
    private const int BlockShift = 7;
    private const int DwordShift = 2;
    private const ulong DwordMask = sizeof(uint) - 1;

    private readonly uint* _passing;
    private readonly ushort _blocks;

    /// <summary>Reads do not exit, unless another claim in the same page wants them.</summary>
    public bool WritesOnly { get; init; }

    /// <summary>The mediator may answer the first access of an instruction with <see cref="Verdict.Guest"/>; costs a little at each.</summary>
    public bool AsksGuest { get; init; }

    /// <summary>An instruction that the host does not know is #UD. Without it the guest executes it once, past the mediator: right while no policy is set.</summary>
    public bool IsStrict { get; init; }

    /// <summary>
    /// Registers whose writes need no look: they exit, as all of the page do, but reach the hardware past the mediator, while that is attached. A mask for every
    /// <see cref="BlockSize"/> bytes of the claim, a bit for each dword; only whole, aligned dwords pass. Must be constant data of the program (`ReadOnlySpan&lt;uint&gt; X => [...]`).
    /// </summary>
    public ReadOnlySpan<uint> PassingWrites
    {
        get => new(_passing, _blocks);
        init
        {
            fixed (uint* masks = value)
            {
                _passing = masks; // constant data do not move
            }

            _blocks = (ushort)value.Length;
        }
    }

    /// <summary>Whether a write passes by the mediator.</summary>
    /// <param name="offset">First byte of it, from the beginning of the claim.</param>
    /// <param name="size">Its bytes.</param>
    public bool LetsWritePass(ulong offset, int size)
    {
        ulong block = offset >> BlockShift;
        return block < _blocks && size == sizeof(uint) && (offset & DwordMask) == 0 && (_passing[block] >> (int)(offset >> DwordShift & (BitsPerMask - 1)) & 1) != 0;
    }
}
