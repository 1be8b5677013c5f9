using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Guest.Decoding;

/// <summary>The address expression of a memory operand: base + index * scale + displacement, in a segment.</summary>
/// <remarks>Intel SDM vol 2 tables 2-1 to 2-3, §2.2.1.6; vol 1 §3.7.5. AMD APM vol 3 §1.4 and §1.5.</remarks>
public struct MemoryAddress
{
    /// <summary>In place of a register: none.</summary>
    public const sbyte None = -1;

    private const sbyte Bx = 3;
    private const sbyte Bp = 5;
    private const sbyte Si = 6;
    private const sbyte Di = 7;
    private const int StackPointer = 4;
    private const int FramePointer = 5;
    private const int SibFollows = 4;
    private const int NoBase = 5;
    private const int NoBase16 = 6;

    /// <summary>Base register, 0 to 15 in encoding order, or <see cref="None"/>.</summary>
    public sbyte Base { get; private set; }

    /// <summary>Index register, 0 to 15 in encoding order, or <see cref="None"/>.</summary>
    public sbyte Index { get; private set; }

    /// <summary>What the index is multiplied by: 1, 2, 4 or 8.</summary>
    public byte Scale { get; private set; }

    /// <summary>Width of the offset: 2, 4 or 8 bytes. It wraps there.</summary>
    public byte Size { get; private set; }

    /// <summary>The address of the next instruction is added.</summary>
    public bool IsRipRelative { get; private set; }

    /// <summary>The segment: what a prefix says, otherwise SS where the base is the stack or frame pointer, else DS.</summary>
    public SegmentRegister Segment { get; private set; }

    /// <summary>The displacement, sign-extended; for MOV A0 to A3 the offset itself, zero-extended.</summary>
    public long Displacement { get; private set; }

    /// <summary>The expression of an instruction with a memory operand in ModRM, or with an offset in its place.</summary>
    /// <param name="layout">The instruction.</param>
    /// <param name="displacement">Its displacement, extended.</param>
    public static MemoryAddress From(in InstructionLayout layout, long displacement)
    {
        MemoryAddress address = new()
        {
            Base = None,
            Index = None,
            Scale = 1,
            Size = layout.AddressSize,
            IsRipRelative = layout.IsRipRelative,
            Segment = SegmentRegister.Ds,
            Displacement = displacement,
        };
        if (layout.HasModRm && layout.AddressSize == sizeof(ushort))
        {
            address.SetNarrow(layout.ModRm);
        }
        else if (layout.HasModRm)
        {
            address.SetWide(layout);
        }

        if (layout.Prefixes.HasSegment)
        {
            address.Segment = layout.Prefixes.Segment;
        }

        return address;
    }

    private void SetNarrow(ModRm modRm)
    {
        switch (modRm.Rm)
        {
            case 0:
                Base = Bx;
                Index = Si;
                break;
            case 1:
                Base = Bx;
                Index = Di;
                break;
            case 2:
                Base = Bp;
                Index = Si;
                break;
            case 3:
                Base = Bp;
                Index = Di;
                break;
            case 4:
                Base = Si;
                break;
            case 5:
                Base = Di;
                break;
            case NoBase16:
                Base = modRm.Mod == 0 ? None : Bp;
                break;
            default:
                Base = Bx;
                break;
        }

        SetDefaultSegment(Base);
    }

    private void SetWide(in InstructionLayout layout)
    {
        int field = layout.ModRm.Rm;
        if (field == SibFollows)
        {
            int index = layout.Sib.Index + layout.IndexExtension;
            Index = index == StackPointer ? None : (sbyte)index;
            Scale = (byte)layout.Sib.Scale;
            field = layout.Sib.Base;
        }

        if (field == NoBase && layout.ModRm.Mod == 0)
        {
            return;
        }

        Base = (sbyte)(field + layout.BaseExtension);
        SetDefaultSegment(Base);
    }

    private void SetDefaultSegment(int register) => Segment = register is StackPointer or FramePointer ? SegmentRegister.Ss : SegmentRegister.Ds;
}
