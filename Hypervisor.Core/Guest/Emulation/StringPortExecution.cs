using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;
using Hypervisor.Core.Host;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>INS and OUTS of trapped ports, with and without REP: the host moves the data, each element decided like an IN or OUT of its own.</summary>
/// <remarks>
/// Intel SDM vol 2, entries of INS, OUTS and REP; AMD APM vol 3, the same. The operand of INS is checked before the port is read, as the processor does it. Protection keys are
/// not looked at: what they protect is the guest's own.
/// </remarks>
public static unsafe class StringPortExecution
{
    private const int Source = 6;
    private const int Destination = 7;

    /// <summary>Does the instruction, or as many elements of it as one exit may do.</summary>
    /// <returns>
    /// <see cref="EmulationOutcome.NotEmulated"/> when a mediator leaves it to the guest: nothing has been done. An exception has been raised where one ended it.
    /// </returns>
    public static EmulationOutcome Run<TGuest>(ProcessorData* processor, Exits.PortAccess access)
        where TGuest : struct, IGuestProcessor
    {
        EmulationContext context = default;
        context.Paging = TGuest.Paging(processor);
        context.Width = TGuest.Width(processor);
        CodeBytes code;
        int count = InstructionFetch.Read(in context.Paging, TGuest.LinearRip(processor), code.Bytes);
        if (!InstructionLayout.TryParse(new ReadOnlySpan<byte>(code.Bytes, count), context.Width, NearBranchRule.Intel, out InstructionLayout layout))
        {
            return EmulationOutcome.Done; // changed by another processor since: the guest will find out by itself
        }

        InstructionEmulator.Fill<TGuest>(processor, &context);
        SegmentRegister source = layout.Prefixes.HasSegment ? layout.Prefixes.Segment : SegmentRegister.Ds;
        if (context.Is64Bit && source >= SegmentRegister.Fs)
        {
            InstructionEmulator.LoadSegment<TGuest>(processor, &context, source);
        }

        EmulationOutcome outcome = Repeat(&context, access, in layout, access.IsIn ? SegmentRegister.Es : source);
        if (outcome == EmulationOutcome.Done)
        {
            InstructionEmulator.End<TGuest>(processor, &context, layout.Length);
        }
        else if (outcome == EmulationOutcome.Faulted)
        {
            InstructionEmulator.Raise<TGuest>(processor, &context);
        }

        return outcome;
    }

    private static EmulationOutcome Repeat(EmulationContext* context, Exits.PortAccess access, in InstructionLayout layout, SegmentRegister segment)
    {
        bool repeats = layout.Prefixes.Repeat || layout.Prefixes.RepeatNotEqual;
        int limit = context->RFlags.Trap ? 1 : StringExecution.MostElements;
        for (int done = 0; ; done++)
        {
            ulong left = RegisterFile.Read(context->Registers, MemoryInstruction.Counter, layout.AddressSize);
            if (repeats && left == 0)
            {
                return EmulationOutcome.Done;
            }

            if (done == limit || (done > 0 && !repeats))
            {
                context->IsUnfinished = repeats;
                return EmulationOutcome.Done;
            }

            EmulationOutcome outcome = RunElement(context, access, segment, layout.AddressSize);
            if (outcome != EmulationOutcome.Done && done != 0)
            {
                // The guest goes on with the next element: what that one met here it meets there.
                context->Exception = GuestEvent.None;
                context->IsUnfinished = true;
                return EmulationOutcome.Done;
            }

            if (outcome != EmulationOutcome.Done)
            {
                return outcome;
            }

            if (repeats)
            {
                RegisterFile.Write(context->Registers, MemoryInstruction.Counter, layout.AddressSize, left - 1);
            }
        }
    }

    private static EmulationOutcome RunElement(EmulationContext* context, Exits.PortAccess access, SegmentRegister segment, int addressSize)
    {
        int register = access.IsIn ? Destination : Source;
        ulong offset = RegisterFile.Read(context->Registers, register, addressSize);
        if (!GuestOperand.TryLocate<TrapBus>(context, segment, offset, access.Size, access.IsIn, aligned: false, out GuestOperand operand))
        {
            return context->Exception.IsValid ? EmulationOutcome.Faulted : context->Raise(ExceptionVector.GeneralProtection);
        }

        uint value = access.IsIn ? 0 : (uint)operand.Read<TrapBus>(context);
        if (!Exits.PortExits.Access(context->Processor, access, ref value))
        {
            return EmulationOutcome.NotEmulated;
        }

        if (access.IsIn)
        {
            operand.Write<TrapBus>(context, value);
        }

        int step = context->RFlags.Direction ? -access.Size : access.Size;
        RegisterFile.Write(context->Registers, register, addressSize, offset + (ulong)step);
        return EmulationOutcome.Done;
    }
}
