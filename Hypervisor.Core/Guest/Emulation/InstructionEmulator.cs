using System;
using System.Runtime.CompilerServices;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>
/// Executes, in the guest's place, the one instruction at its RIP, whose memory operand lies in trapped memory, wholly or in part: fetches it, decodes it, executes it,
/// ends it. Whatever is not known is left to the guest.
/// </summary>
/// <remarks>
/// All work is bounded: fifteen bytes of code, <see cref="StringExecution.MostElements"/> elements of a string, two pages for each operand. Data breakpoints on what is
/// accessed are not noticed.
/// </remarks>
public static unsafe class InstructionEmulator
{
    private const ulong PageMask = PageSizes.Size4K - 1;

    /// <summary>Executes the instruction that made an access. Plain moves, which drivers use most, are done without a walk of the guest's tables for the data.</summary>
    /// <typeparam name="TGuest">The guest's processor.</typeparam>
    /// <typeparam name="TBus">What stands behind trapped pages.</typeparam>
    /// <param name="processor">The processor.</param>
    /// <param name="physical">Guest-physical address of the access, not of a walk that led to it, as the exit gives it; its page is trapped.</param>
    /// <param name="isWrite">Whether the exit says that it was a write.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EmulationOutcome Execute<TGuest, TBus>(ProcessorData* processor, ulong physical, bool isWrite)
        where TGuest : struct, IGuestProcessor
        where TBus : struct, IEmulatedBus =>
        TryMove<TGuest, TBus>(processor, physical, isWrite) ? EmulationOutcome.Done : Execute<TGuest, TBus>(processor);

    /// <summary>Executes the instruction at RIP, whatever it accesses.</summary>
    /// <typeparam name="TGuest">The guest's processor.</typeparam>
    /// <typeparam name="TBus">What stands behind trapped pages.</typeparam>
    /// <param name="processor">The processor.</param>
    /// <returns>Where an exception ended it, that has been raised; where it is done, RIP, flags and RSP have been stored.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static EmulationOutcome Execute<TGuest, TBus>(ProcessorData* processor)
        where TGuest : struct, IGuestProcessor
        where TBus : struct, IEmulatedBus
    {
        EmulationContext context = default;
        context.Paging = TGuest.Paging(processor);
        context.Width = TGuest.Width(processor);
        CodeBytes code;
        int count = InstructionFetch.Read(in context.Paging, TGuest.LinearRip(processor), code.Bytes);
        if (!MemoryInstruction.TryDecode(new ReadOnlySpan<byte>(code.Bytes, count), context.Width, out MemoryInstruction instruction))
        {
            return EmulationOutcome.NotEmulated;
        }

        Fill<TGuest>(processor, &context, in instruction);
        ulong stackPointer = processor->Registers.Rsp;
        EmulationOutcome outcome = InstructionExecution.Run<TBus>(&context, in instruction);
        switch (outcome)
        {
            case EmulationOutcome.Done:
                if (processor->Registers.Rsp != stackPointer)
                {
                    TGuest.StoreStackPointer(processor);
                }

                End<TGuest>(processor, &context, (uint)instruction.Length);
                break;
            case EmulationOutcome.Faulted:
                Raise<TGuest>(processor, &context);
                break;
        }

        return outcome;
    }

    /// <summary>Raises the exception an instruction has ended in.</summary>
    internal static void Raise<TGuest>(ProcessorData* processor, EmulationContext* context)
        where TGuest : struct, IGuestProcessor
    {
        if (context->Exception.Vector == ExceptionVector.PageFault)
        {
            TGuest.SetFaultAddress(processor, context->FaultAddress);
        }

        TGuest.Raise(processor, context->Exception);
    }

    /// <summary>
    /// A plain move in 64-bit code, of an operand that is aligned and so lies in one page. The processor has translated its address, with all checks, before the exit; that
    /// direction and address agree with it makes sure that the instruction is still the one that was checked.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryMove<TGuest, TBus>(ProcessorData* processor, ulong physical, bool isWrite)
        where TGuest : struct, IGuestProcessor
        where TBus : struct, IEmulatedBus
    {
        if (!TGuest.IsPlain64Bit(processor))
        {
            return false;
        }

        ulong rip = TGuest.Rip(processor);
        if ((rip & PageMask) > PageSizes.Size4K - PlainMove.MaximumLength)
        {
            return false;
        }

        ulong* registers = (ulong*)&processor->Registers;
        PlainMove move = PlainMove.Decode(InstructionFetch.Executed(processor->Machine->Window, TGuest.Cr3(processor), rip), registers, rip);
        bool agrees = move.Length != 0
            && move.IsStore == isWrite
            && ((move.Address ^ physical) & PageMask) == 0
            && (physical & ((ulong)move.Size - 1)) == 0;
        if (!agrees || (!isWrite && move.Register == GuestRegisters.StackPointer))
        {
            return false;
        }

        if (isWrite)
        {
            ulong value = move.Register < 0 ? move.Immediate : registers[move.Register];
            TBus.Write(processor, physical, move.Size, value & OperandBits.Mask(move.Size));
        }
        else
        {
            RegisterFile.Write(&processor->Registers, move.Register, move.Size, TBus.Read(processor, physical, move.Size));
        }

        TGuest.Advance(processor, (uint)move.Length);
        return true;
    }

    /// <summary>The processor as it is, with its segments where they count.</summary>
    internal static void Fill<TGuest>(ProcessorData* processor, EmulationContext* context)
        where TGuest : struct, IGuestProcessor
    {
        context->Processor = processor;
        context->Registers = &processor->Registers;
        context->SavedVectors = (ulong*)((byte*)processor + ProcessorDataLayout.Xmm);
        context->Rip = TGuest.Rip(processor);
        context->RFlags = TGuest.Flags(processor);
        context->Privilege = TGuest.Privilege(processor);
        context->HiddenBase = processor->Machine->RegionBase;
        context->HiddenSize = processor->Machine->RegionSize;
        for (SegmentRegister name = SegmentRegister.Es; name <= SegmentRegister.Gs && !context->Is64Bit; name++)
        {
            LoadSegment<TGuest>(processor, context, name);
        }
    }

    private static void Fill<TGuest>(ProcessorData* processor, EmulationContext* context, in MemoryInstruction instruction)
        where TGuest : struct, IGuestProcessor
    {
        Fill<TGuest>(processor, context);
        if (context->Is64Bit && instruction.Address.Segment >= SegmentRegister.Fs)
        {
            LoadSegment<TGuest>(processor, context, instruction.Address.Segment);
        }

        if (context->Is64Bit && instruction.Other == OtherOperand.Segment)
        {
            LoadSegment<TGuest>(processor, context, (SegmentRegister)instruction.Register);
        }
    }

    /// <summary>Reads one segment register.</summary>
    internal static void LoadSegment<TGuest>(ProcessorData* processor, EmulationContext* context, SegmentRegister name)
        where TGuest : struct, IGuestProcessor => *EmulationContext.Segment(context, name) = TGuest.Segment(processor, (SegmentName)name);

    /// <summary>Stores what an instruction has changed.</summary>
    internal static void End<TGuest>(ProcessorData* processor, EmulationContext* context, uint length)
        where TGuest : struct, IGuestProcessor
    {
        TGuest.SetFlags(processor, context->RFlags);
        if (context->HasJumped)
        {
            TGuest.SetRip(processor, context->Rip);
        }

        TGuest.Advance(processor, context->HasJumped || context->IsUnfinished ? 0 : length);
        if (context->IsUnfinished)
        {
            // A breakpoint on the instruction has been taken; it must not be again for the next element (Intel SDM vol 3 §17.3.1.1).
            TGuest.SetFlags(processor, TGuest.Flags(processor).WithResume(true));
        }
    }
}
