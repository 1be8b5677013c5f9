using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>PUSH and POP of a memory operand, and near CALL and JMP through one.</summary>
/// <remarks>Intel SDM vol 2, PUSH, POP, CALL, JMP; vol 1 §6.2. AMD APM vol 3.</remarks>
internal static unsafe class StackExecution
{
    /// <summary>Executes the instruction.</summary>
    internal static EmulationOutcome Run<TBus>(EmulationContext* context, in MemoryInstruction instruction)
        where TBus : struct, IEmulatedBus
    {
        bool branches = instruction.Operation is MemoryOperation.Call or MemoryOperation.Jump;

        // With shadow stacks or branch tracking a branch is more than a new RIP; a traced branch may end a trap that skips all else (BTF).
        if (branches && (context->Paging.Cr4.ControlFlowEnforcement || context->RFlags.Trap))
        {
            return EmulationOutcome.NotEmulated;
        }

        if (context->HasUncheckedKeys)
        {
            return EmulationOutcome.NotEmulated;
        }

        return instruction.Operation switch
        {
            MemoryOperation.Push => Push<TBus>(context, in instruction),
            MemoryOperation.Pop => Pop<TBus>(context, in instruction),
            MemoryOperation.Call => Call<TBus>(context, in instruction),
            _ => Jump<TBus>(context, in instruction),
        };
    }

    private static EmulationOutcome Push<TBus>(EmulationContext* context, in MemoryInstruction instruction)
        where TBus : struct, IEmulatedBus
    {
        int size = instruction.MemorySize;
        if (!GuestOperand.TryLocate<TBus>(context, in instruction, 0, out GuestOperand source)
            || !TryLocateTop<TBus>(context, -size, size, write: true, out GuestOperand top))
        {
            return context->Failure;
        }

        if (!source.IsTrapped && !top.IsTrapped)
        {
            return EmulationOutcome.NotEmulated;
        }

        top.Write<TBus>(context, source.Read<TBus>(context));
        MoveTop(context, -size);
        return EmulationOutcome.Done;
    }

    /// <summary>POP: an address that uses the stack pointer uses what it will be.</summary>
    private static EmulationOutcome Pop<TBus>(EmulationContext* context, in MemoryInstruction instruction)
        where TBus : struct, IEmulatedBus
    {
        int size = instruction.MemorySize;
        if (!TryLocateTop<TBus>(context, 0, size, write: false, out GuestOperand top))
        {
            return context->Failure;
        }

        ulong before = context->Registers->Rsp;
        MoveTop(context, size);
        bool located = GuestOperand.TryLocate<TBus>(context, in instruction, 0, out GuestOperand destination);
        if (!located || (!destination.IsTrapped && !top.IsTrapped))
        {
            context->Registers->Rsp = before;
            return context->Failure;
        }

        destination.Write<TBus>(context, top.Read<TBus>(context));
        return EmulationOutcome.Done;
    }

    private static EmulationOutcome Call<TBus>(EmulationContext* context, in MemoryInstruction instruction)
        where TBus : struct, IEmulatedBus
    {
        int size = instruction.MemorySize;
        if (!GuestOperand.TryLocate<TBus>(context, in instruction, 0, out GuestOperand source)
            || !TryLocateTop<TBus>(context, -size, size, write: true, out GuestOperand top))
        {
            return context->Failure;
        }

        if (!source.IsTrapped && !top.IsTrapped)
        {
            return EmulationOutcome.NotEmulated;
        }

        ulong next = context->Rip + (ulong)instruction.Length;
        ulong target = source.Read<TBus>(context);
        if (!CanJump(context, target))
        {
            return context->Raise(ExceptionVector.GeneralProtection);
        }

        top.Write<TBus>(context, next);
        MoveTop(context, -size);
        JumpTo(context, target);
        return EmulationOutcome.Done;
    }

    private static EmulationOutcome Jump<TBus>(EmulationContext* context, in MemoryInstruction instruction)
        where TBus : struct, IEmulatedBus
    {
        if (!GuestOperand.TryLocate<TBus>(context, in instruction, 0, out GuestOperand source))
        {
            return context->Failure;
        }

        if (!source.IsTrapped)
        {
            return EmulationOutcome.NotEmulated;
        }

        ulong target = source.Read<TBus>(context);
        if (!CanJump(context, target))
        {
            return context->Raise(ExceptionVector.GeneralProtection);
        }

        JumpTo(context, target);
        return EmulationOutcome.Done;
    }

    private static bool CanJump(EmulationContext* context, ulong target) =>
        context->Is64Bit ? GuestAddress.IsCanonical(context, target) : target <= context->Cs.Limit;

    private static void JumpTo(EmulationContext* context, ulong target)
    {
        context->Rip = target;
        context->HasJumped = true;
    }

    private static bool TryLocateTop<TBus>(EmulationContext* context, int displacement, int size, bool write, out GuestOperand top)
        where TBus : struct, IEmulatedBus
    {
        ulong offset = (context->Registers->Rsp + (ulong)displacement) & OperandBits.Mask(context->StackAddressSize);
        return GuestOperand.TryLocate<TBus>(context, SegmentRegister.Ss, offset, size, write, aligned: false, out top);
    }

    private static void MoveTop(EmulationContext* context, int displacement) => RegisterFile.Write(
        context->Registers, GuestRegisters.StackPointer, context->StackAddressSize, context->Registers->Rsp + (ulong)displacement);
}
