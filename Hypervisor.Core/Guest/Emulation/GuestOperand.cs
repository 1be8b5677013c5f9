using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>A memory operand that the guest may access, in one page or in two.</summary>
internal unsafe struct GuestOperand
{
    private const int LargestPart = sizeof(ulong);
    private OperandPage _first;
    private OperandPage _second;
    private int _inFirst;
    private int _size;

    /// <summary>Some of it is trapped: otherwise the guest can do without the host.</summary>
    internal readonly bool IsTrapped => _first.IsTrapped || _second.IsTrapped;

    /// <summary>Finds the memory operand of an instruction.</summary>
    /// <param name="context">The processor.</param>
    /// <param name="instruction">The instruction.</param>
    /// <param name="displacement">Bytes between what it names and what is accessed.</param>
    /// <param name="operand">The operand.</param>
    /// <returns>False where it cannot be accessed; the exception is noted.</returns>
    internal static bool TryLocate<TBus>(EmulationContext* context, in MemoryInstruction instruction, long displacement, out GuestOperand operand)
        where TBus : struct, IEmulatedBus
    {
        MemoryAddress address = instruction.Address;
        ulong offset = GuestAddress.Offset(context, in address, instruction.Length) + (ulong)displacement;
        return TryLocate<TBus>(
            context, address.Segment, offset & OperandBits.Mask(address.Size), instruction.MemorySize, instruction.IsWrite, instruction.IsAligned, out operand);
    }

    /// <summary>Finds memory at an offset in a segment.</summary>
    /// <param name="context">The processor.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="offset">Offset of the first byte.</param>
    /// <param name="size">Number of bytes, 1 to 32.</param>
    /// <param name="write">Whether they are written. What is read and written counts as written (Intel SDM vol 3 §4.7).</param>
    /// <param name="aligned">Whether the operand has to be aligned.</param>
    /// <param name="operand">The operand.</param>
    /// <returns>False where it cannot be accessed; the exception is noted, or none where the guest has to find out by itself.</returns>
    internal static bool TryLocate<TBus>(
        EmulationContext* context, SegmentRegister segment, ulong offset, int size, bool write, bool aligned, out GuestOperand operand)
        where TBus : struct, IEmulatedBus
    {
        operand = default;
        if (!GuestAddress.TryTranslate(context, segment, offset, size, write, aligned, out ulong linear))
        {
            return false;
        }

        PageAccess access = write ? PageAccess.Write : PageAccess.Read;
        operand._size = size;
        operand._inFirst = (int)Math.Min((ulong)size, PageSizes.Size4K - (linear & (PageSizes.Size4K - 1)));
        if (!OperandPage.TryLocate<TBus>(context, linear, access, out operand._first))
        {
            return false;
        }

        ulong second = linear + (ulong)operand._inFirst;
        second = context->Is64Bit ? second : (uint)second;
        if (operand._inFirst < size && (context->HasUncheckedKeys || !OperandPage.TryLocate<TBus>(context, second, access, out operand._second)))
        {
            return false;
        }

        GuestPageMarks.Set(in context->Paging, linear, write);
        if (operand._inFirst < size)
        {
            GuestPageMarks.Set(in context->Paging, second, write);
        }

        return true;
    }

    /// <summary>Reads all of an operand of up to eight bytes.</summary>
    internal readonly ulong Read<TBus>(EmulationContext* context)
        where TBus : struct, IEmulatedBus => Read<TBus>(context, 0, _size);

    /// <summary>Reads up to eight bytes of it.</summary>
    /// <param name="context">The processor.</param>
    /// <param name="offset">Where.</param>
    /// <param name="size">1, 2, 4 or 8.</param>
    internal readonly ulong Read<TBus>(EmulationContext* context, int offset, int size)
        where TBus : struct, IEmulatedBus
    {
        ulong value = 0;
        for (int done = 0; done < size;)
        {
            int part = PartAt(offset + done, size - done);
            ulong read = offset + done < _inFirst
                ? _first.Read<TBus>(context, offset + done, part)
                : _second.Read<TBus>(context, offset + done - _inFirst, part);
            value |= read << (done * OperandBits.PerByte);
            done += part;
        }

        return value;
    }

    /// <summary>Writes all of an operand of up to eight bytes.</summary>
    internal readonly void Write<TBus>(EmulationContext* context, ulong value)
        where TBus : struct, IEmulatedBus => Write<TBus>(context, 0, _size, value);

    /// <summary>Writes up to eight bytes of it.</summary>
    /// <param name="context">The processor.</param>
    /// <param name="offset">Where.</param>
    /// <param name="size">1, 2, 4 or 8.</param>
    /// <param name="value">The value; what does not fit is left out.</param>
    internal readonly void Write<TBus>(EmulationContext* context, int offset, int size, ulong value)
        where TBus : struct, IEmulatedBus
    {
        for (int done = 0; done < size;)
        {
            int part = PartAt(offset + done, size - done);
            if (offset + done < _inFirst)
            {
                _first.Write<TBus>(context, offset + done, part, value >> (done * OperandBits.PerByte));
            }
            else
            {
                _second.Write<TBus>(context, offset + done - _inFirst, part, value >> (done * OperandBits.PerByte));
            }

            done += part;
        }
    }

    /// <summary>How many bytes go at once: all that are left, unless the end of the page lies between; then the largest power of two before it that fits.</summary>
    private readonly int PartAt(int offset, int left)
    {
        int room = offset < _inFirst ? _inFirst - offset : _size - offset;
        int part = LargestPart;
        while (part > left || part > room)
        {
            part >>= 1;
        }

        return part;
    }
}
