using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>Executes one decoded instruction on an <see cref="EmulationContext"/>.</summary>
public static unsafe class InstructionExecution
{
    /// <summary>Executes the instruction. The context says how it ended; RIP has to be moved behind it by the caller, unless the context says otherwise.</summary>
    /// <typeparam name="TBus">What stands behind trapped pages.</typeparam>
    /// <param name="context">The processor.</param>
    /// <param name="instruction">The instruction, known.</param>
    public static EmulationOutcome Run<TBus>(EmulationContext* context, in MemoryInstruction instruction)
        where TBus : struct, IEmulatedBus
    {
        if (instruction.Layout.Prefixes.Lock && !instruction.AllowsLock)
        {
            return context->Raise(ExceptionVector.Undefined);
        }

        switch (instruction.Operation)
        {
            case MemoryOperation.Unknown:
                return EmulationOutcome.NotEmulated;
            case >= MemoryOperation.Push and <= MemoryOperation.Jump:
                return StackExecution.Run<TBus>(context, in instruction);
            case >= MemoryOperation.VectorLoad and <= MemoryOperation.VectorStoreHigh:
                return VectorExecution.Run<TBus>(context, in instruction);
            case >= MemoryOperation.StoreString:
                return StringExecution.Run<TBus>(context, in instruction);
            default:
                return IntegerExecution.Run<TBus>(context, in instruction);
        }
    }
}
