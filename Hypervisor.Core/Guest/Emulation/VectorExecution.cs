using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;

namespace Hypervisor.Core.Guest.Emulation;

/// <summary>Copies between vector registers and memory: SSE, and AVX up to 256 bits.</summary>
/// <remarks>Intel SDM vol 2 §2.4 (exceptions by class), chapter 4; vol 1 §14.3. AMD APM vol 4. What is wider than eight bytes is accessed in words of eight.</remarks>
internal static unsafe class VectorExecution
{
    private const int Word = sizeof(ulong);

    /// <summary>Executes the instruction.</summary>
    internal static EmulationOutcome Run<TBus>(EmulationContext* context, in MemoryInstruction instruction)
        where TBus : struct, IEmulatedBus
    {
        bool isVex = instruction.Layout.Encoding == OpcodeEncoding.Vex;
        if (!IsAvailable(context, isVex))
        {
            return context->Raise(ExceptionVector.Undefined);
        }

        if (context->Paging.Cr0.TaskSwitched)
        {
            return context->Raise(ExceptionVector.DeviceNotAvailable);
        }

        if (!GuestOperand.TryLocate<TBus>(context, in instruction, 0, out GuestOperand operand))
        {
            return context->Failure;
        }

        if (!operand.IsTrapped)
        {
            return EmulationOutcome.NotEmulated;
        }

        if (instruction.IsWrite)
        {
            Store<TBus>(context, in instruction, in operand);
        }
        else
        {
            Load<TBus>(context, in instruction, in operand, isVex);
        }

        return EmulationOutcome.Done;
    }

    /// <summary>The guest has turned the registers on. VEX prefixes do not exist in real and virtual-8086 mode.</summary>
    private static bool IsAvailable(EmulationContext* context, bool isVex)
    {
        if (!isVex)
        {
            return !context->Paging.Cr0.Emulation && context->Paging.Cr4.OsFxSave;
        }

        if (!context->ChecksSegmentRights || !context->Paging.Cr4.OsXSave)
        {
            return false;
        }

        Xcr0 state = new(Instructions.ReadXcr0());
        return state.Sse && state.Avx;
    }

    private static void Store<TBus>(EmulationContext* context, in MemoryInstruction instruction, in GuestOperand operand)
        where TBus : struct, IEmulatedBus
    {
        VectorValue value = default;
        VectorValue.Read(context, instruction.Register, wide: instruction.MemorySize > 2 * Word, &value);
        if (instruction.Operation == MemoryOperation.VectorStoreHigh)
        {
            operand.Write<TBus>(context, value.Word1);
            return;
        }

        if (instruction.MemorySize <= Word)
        {
            operand.Write<TBus>(context, value.Word0);
            return;
        }

        for (int offset = 0; offset < instruction.MemorySize; offset += Word)
        {
            operand.Write<TBus>(context, offset, Word, *(ulong*)((byte*)&value + offset));
        }
    }

    private static void Load<TBus>(EmulationContext* context, in MemoryInstruction instruction, in GuestOperand operand, bool isVex)
        where TBus : struct, IEmulatedBus
    {
        VectorValue value = default;
        int other = isVex ? instruction.Source : instruction.Register;
        switch (instruction.Operation)
        {
            case MemoryOperation.VectorLoadLow:
                VectorValue.Read(context, other, wide: false, &value);
                value.Word0 = operand.Read<TBus>(context);
                break;
            case MemoryOperation.VectorLoadHigh:
                VectorValue.Read(context, other, wide: false, &value);
                value.Word1 = operand.Read<TBus>(context);
                break;
            case MemoryOperation.VectorLoad when instruction.MemorySize <= Word:
                value.Word0 = operand.Read<TBus>(context);
                break;
            default:
                for (int offset = 0; offset < instruction.MemorySize; offset += Word)
                {
                    *(ulong*)((byte*)&value + offset) = operand.Read<TBus>(context, offset, Word);
                }

                break;
        }

        VectorValue.Write(context, instruction.Register, wide: isVex, &value);
    }
}
