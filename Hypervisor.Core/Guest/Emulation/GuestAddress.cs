using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>From an address expression to a linear address, with the checks of segmentation.</summary>
/// <remarks>Intel SDM vol 3 §5.3 to §5.5, vol 1 §3.3.7.1; AMD APM vol 2 §4.12, vol 1 §2.2.2.</remarks>
public static unsafe class GuestAddress
{
    private const int ExpandDownBit = 4;
    private const int AddressBits = 64;
    private const int LargestChecked = 8;
    private const int Level4Bits = 48;
    private const int Level5Bits = 57;

    /// <summary>The offset in its segment that an expression names.</summary>
    /// <param name="context">The processor.</param>
    /// <param name="address">The expression.</param>
    /// <param name="length">Length of the instruction, in bytes.</param>
    /// <returns>The offset, cut off to the address size.</returns>
    public static ulong Offset(EmulationContext* context, in MemoryAddress address, int length)
    {
        ulong* registers = (ulong*)context->Registers;
        ulong offset = (ulong)address.Displacement;
        if (address.Base >= 0)
        {
            offset += registers[address.Base];
        }

        if (address.Index >= 0)
        {
            offset += registers[address.Index] * address.Scale;
        }

        if (address.IsRipRelative)
        {
            offset += context->Rip + (ulong)length;
        }

        return offset & OperandBits.Mask(address.Size);
    }

    /// <summary>Makes an offset a linear address. Where it is not allowed the exception is noted, or none where it is not known what the processor would do.</summary>
    /// <param name="context">The processor.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="offset">Offset of the first byte.</param>
    /// <param name="size">Number of bytes, 1 to 32.</param>
    /// <param name="write">Whether they are written.</param>
    /// <param name="aligned">Whether the address has to be a multiple of the size; processors look at that first.</param>
    /// <param name="linear">Linear address of the first byte.</param>
    /// <returns>True where the bytes may be accessed as far as segmentation goes.</returns>
    public static bool TryTranslate(EmulationContext* context, SegmentRegister segment, ulong offset, int size, bool write, bool aligned, out ulong linear)
    {
        SegmentState* state = EmulationContext.Segment(context, segment);
        bool hasBase = !context->Is64Bit || segment >= SegmentRegister.Fs;
        linear = hasBase ? state->Base + offset : offset;
        if (aligned && (linear & ((ulong)size - 1)) != 0)
        {
            context->Raise(ExceptionVector.GeneralProtection);
            return false;
        }

        if (!context->Is64Bit)
        {
            linear = (uint)linear;
            if ((context->ChecksSegmentRights && !HasRights(state->Attributes, write)) || !IsInside(*state, offset, size))
            {
                Fault(context, segment);
                return false;
            }

            return IsAligned(context, linear, size);
        }

        if (IsCanonical(context, linear))
        {
            if (!IsAligned(context, linear, size))
            {
                return false;
            }

            if (IsCanonical(context, linear + (ulong)size - 1))
            {
                return true;
            }
        }

        if (!MayCarryData(context))
        {
            Fault(context, segment);
        }

        return false;
    }

    /// <summary>All bits above those that are translated are equal to the uppermost one that is.</summary>
    public static bool IsCanonical(EmulationContext* context, ulong address)
    {
        int unused = AddressBits - (context->Paging.Cr4.LinearAddress57 ? Level5Bits : Level4Bits);
        return (ulong)((long)(address << unused) >> unused) == address;
    }

    /// <summary>
    /// The upper bits of addresses may be data (Intel SDM vol 3 §4.4, LAM; AMD APM vol 2 §5.10, upper address ignore): whether this address is good is not looked into.
    /// </summary>
    private static bool MayCarryData(EmulationContext* context) =>
        context->Paging.Efer.UpperAddressIgnore || context->Paging.Cr4.SupervisorAddressMasking || context->Paging.Cr3.UserAddressMasking;

    private static bool HasRights(SegmentAttributes attributes, bool write) =>
        attributes.Present && (write ? attributes.IsWritableData : attributes.IsReadable);

    /// <summary>Below the limit; or, where the segment grows down, above it.</summary>
    private static bool IsInside(SegmentState segment, ulong first, int size)
    {
        ulong last = first + (ulong)size - 1;
        SegmentAttributes attributes = segment.Attributes;
        if (attributes.IsCodeOrData && !attributes.IsCode && (attributes.Type & ExpandDownBit) != 0)
        {
            return first > segment.Limit && last <= (attributes.DefaultBig ? uint.MaxValue : ushort.MaxValue);
        }

        return last <= segment.Limit;
    }

    /// <summary>
    /// Alignment checks by RFLAGS.AC. Processors make them before they translate the address, whatever the order in table 6-2 of Intel SDM vol 3. Whether accesses of more
    /// than eight bytes are checked depends on the processor (SDM vol 2 table 2-21): here they are not.
    /// </summary>
    private static bool IsAligned(EmulationContext* context, ulong linear, int size)
    {
        if (size > LargestChecked || (linear & ((ulong)size - 1)) == 0 || !context->ChecksAlignment)
        {
            return true;
        }

        context->Raise(ExceptionVector.AlignmentCheck);
        return false;
    }

    private static void Fault(EmulationContext* context, SegmentRegister segment) =>
        context->Raise(segment == SegmentRegister.Ss ? ExceptionVector.StackFault : ExceptionVector.GeneralProtection);
}
