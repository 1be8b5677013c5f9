using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>STOS, LODS, MOVS, CMPS and SCAS, with and without repetition.</summary>
/// <remarks>
/// Intel SDM vol 2, entries of these and REP; vol 1 §7.3.9. AMD APM vol 3 §1.2.6. As many elements are done as touch trapped memory, up to a limit: so interrupts come
/// in, and the guest does by itself what it can. An element that faults is left to the guest too, unless it is the first.
/// </remarks>
internal static unsafe class StringExecution
{
    /// <summary>Elements of one exit.</summary>
    internal const int MostElements = 64;

    private const int Source = 6;
    private const int Destination = 7;

    /// <summary>Executes the instruction, or a part of it.</summary>
    internal static EmulationOutcome Run<TBus>(EmulationContext* context, in MemoryInstruction instruction)
        where TBus : struct, IEmulatedBus
    {
        int addressSize = instruction.Address.Size;
        bool repeats = instruction.IsRepeated;
        bool hasTwo = instruction.Operation is MemoryOperation.MoveString or MemoryOperation.CompareString;
        if (hasTwo && context->HasUncheckedKeys)
        {
            return EmulationOutcome.NotEmulated;
        }

        // A traced instruction is traced after each element (Intel SDM vol 3 §17.3.1.4).
        int limit = context->RFlags.Trap ? 1 : MostElements;
        RFlags before = context->RFlags;
        for (int done = 0; ; done++)
        {
            ulong left = RegisterFile.Read(context->Registers, MemoryInstruction.Counter, addressSize);
            if (repeats && left == 0)
            {
                return EmulationOutcome.Done;
            }

            if (done == limit || (done > 0 && !repeats))
            {
                return repeats ? Interrupt(context, before) : EmulationOutcome.Done;
            }

            EmulationOutcome outcome = RunElement<TBus>(context, in instruction);
            if (outcome != EmulationOutcome.Done)
            {
                return done == 0 ? outcome : Interrupt(context, before);
            }

            if (repeats)
            {
                RegisterFile.Write(context->Registers, MemoryInstruction.Counter, addressSize, left - 1);
                if (Ends(context, in instruction))
                {
                    return EmulationOutcome.Done;
                }
            }
        }
    }

    /// <summary>
    /// The guest goes on with the next element: what that one met here it meets there. Should it be a fault, the flags are those from before the instruction (Intel SDM
    /// vol 2, REP).
    /// </summary>
    private static EmulationOutcome Interrupt(EmulationContext* context, RFlags flags)
    {
        context->RFlags = flags;
        context->Exception = GuestEvent.None;
        context->IsUnfinished = true;
        return EmulationOutcome.Done;
    }

    /// <summary>REPE ends on a difference, REPNE on equality; the others only count.</summary>
    private static bool Ends(EmulationContext* context, in MemoryInstruction instruction) =>
        instruction.Operation is MemoryOperation.CompareString or MemoryOperation.ScanString
        && context->RFlags.Zero != instruction.Layout.Prefixes.Repeat;

    private static EmulationOutcome RunElement<TBus>(EmulationContext* context, in MemoryInstruction instruction)
        where TBus : struct, IEmulatedBus
    {
        bool reads = instruction.Operation is MemoryOperation.LoadString or MemoryOperation.MoveString or MemoryOperation.CompareString;
        bool hasDestination = instruction.Operation != MemoryOperation.LoadString;
        bool writes = instruction.Operation is MemoryOperation.StoreString or MemoryOperation.MoveString;
        GuestOperand source = default;
        GuestOperand destination = default;
        bool located = instruction.Operation == MemoryOperation.CompareString
            ? TryLocateDestination<TBus>(context, in instruction, write: false, out destination) && TryLocateSource<TBus>(context, in instruction, out source)
            : (!reads || TryLocateSource<TBus>(context, in instruction, out source))
                && (!hasDestination || TryLocateDestination<TBus>(context, in instruction, writes, out destination));
        if (!located)
        {
            return context->Failure;
        }

        if (!source.IsTrapped && !destination.IsTrapped)
        {
            return EmulationOutcome.NotEmulated;
        }

        Transfer<TBus>(context, in instruction, in source, in destination);
        int step = context->RFlags.Direction ? -instruction.MemorySize : instruction.MemorySize;
        if (reads)
        {
            Move(context, Source, instruction.Address.Size, step);
        }

        if (hasDestination)
        {
            Move(context, Destination, instruction.Address.Size, step);
        }

        return EmulationOutcome.Done;
    }

    private static void Transfer<TBus>(EmulationContext* context, in MemoryInstruction instruction, in GuestOperand source, in GuestOperand destination)
        where TBus : struct, IEmulatedBus
    {
        int size = instruction.MemorySize;
        ulong accumulator = RegisterFile.Read(context->Registers, MemoryInstruction.Accumulator, size);
        switch (instruction.Operation)
        {
            case MemoryOperation.StoreString:
                destination.Write<TBus>(context, accumulator);
                break;
            case MemoryOperation.LoadString:
                RegisterFile.Write(context->Registers, MemoryInstruction.Accumulator, size, source.Read<TBus>(context));
                break;
            case MemoryOperation.MoveString:
                destination.Write<TBus>(context, source.Read<TBus>(context));
                break;
            case MemoryOperation.CompareString:
                // Processors look at the second operand first: faults show it.
                ulong second = destination.Read<TBus>(context);
                Arithmetic.Run(MemoryOperation.Compare, source.Read<TBus>(context), second, size, ref context->RFlags);
                break;
            default:
                Arithmetic.Run(MemoryOperation.Compare, accumulator, destination.Read<TBus>(context), size, ref context->RFlags);
                break;
        }
    }

    private static bool TryLocateSource<TBus>(EmulationContext* context, in MemoryInstruction instruction, out GuestOperand operand)
        where TBus : struct, IEmulatedBus => TryLocate<TBus>(context, in instruction, instruction.Address.Segment, Source, write: false, out operand);

    private static bool TryLocateDestination<TBus>(EmulationContext* context, in MemoryInstruction instruction, bool write, out GuestOperand operand)
        where TBus : struct, IEmulatedBus => TryLocate<TBus>(context, in instruction, SegmentRegister.Es, Destination, write, out operand);

    private static bool TryLocate<TBus>(
        EmulationContext* context, in MemoryInstruction instruction, SegmentRegister segment, int register, bool write, out GuestOperand operand)
        where TBus : struct, IEmulatedBus
    {
        ulong offset = RegisterFile.Read(context->Registers, register, instruction.Address.Size);
        return GuestOperand.TryLocate<TBus>(context, segment, offset, instruction.MemorySize, write, aligned: false, out operand);
    }

    private static void Move(EmulationContext* context, int register, int addressSize, int step) => RegisterFile.Write(
        context->Registers, register, addressSize, RegisterFile.Read(context->Registers, register, addressSize) + (ulong)step);
}
