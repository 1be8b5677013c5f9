using Hypervisor.Core.Guest.Decoding;
using Iced.Intel;

namespace Hypervisor.Tests.Unit.Guest.Decoding;

/// <summary>Which instructions with memory operands are known, said in the words of an independent decoder.</summary>
internal static class OperationOracle
{
    internal static MemoryOperation OperationOf(in Instruction instruction)
    {
        bool isString = instruction.IsStringInstruction;
        int memory = MemoryOperand(instruction);
        if (!isString && memory < 0)
        {
            return MemoryOperation.Unknown;
        }

        return IsVectorMove(instruction) ? VectorOperation(instruction, memory) : GeneralOperation(instruction, isString);
    }

    /// <summary>Number of the explicit memory operand; negative where there is none.</summary>
    internal static int MemoryOperand(in Instruction instruction)
    {
        for (int operand = 0; operand < instruction.OpCount; operand++)
        {
            if (instruction.GetOpKind(operand) == OpKind.Memory)
            {
                return operand;
            }
        }

        return -1;
    }

    internal static bool MustBeAligned(in Instruction instruction) => instruction.Mnemonic is Mnemonic.Cmpxchg16b
        or Mnemonic.Movaps or Mnemonic.Movapd or Mnemonic.Movdqa or Mnemonic.Movntps or Mnemonic.Movntpd or Mnemonic.Movntdq or Mnemonic.Movntdqa
        or Mnemonic.Vmovaps or Mnemonic.Vmovapd or Mnemonic.Vmovdqa or Mnemonic.Vmovntps or Mnemonic.Vmovntpd or Mnemonic.Vmovntdq
        or Mnemonic.Vmovntdqa;

    private static bool IsVectorMove(in Instruction instruction)
    {
        for (int operand = 0; operand < instruction.OpCount; operand++)
        {
            if (instruction.GetOpKind(operand) == OpKind.Register && (instruction.GetOpRegister(operand).IsXMM() || instruction.GetOpRegister(operand).IsYMM()))
            {
                return instruction.Encoding is EncodingKind.Legacy or EncodingKind.VEX;
            }
        }

        return false;
    }

    private static MemoryOperation VectorOperation(in Instruction instruction, int memory)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Movlps or Mnemonic.Movlpd or Mnemonic.Vmovlps or Mnemonic.Vmovlpd when memory != 0:
                return MemoryOperation.VectorLoadLow;
            case Mnemonic.Movhps or Mnemonic.Movhpd or Mnemonic.Vmovhps or Mnemonic.Vmovhpd:
                return memory == 0 ? MemoryOperation.VectorStoreHigh : MemoryOperation.VectorLoadHigh;
            case Mnemonic.Movups or Mnemonic.Movupd or Mnemonic.Movaps or Mnemonic.Movapd or Mnemonic.Movdqu or Mnemonic.Movdqa or Mnemonic.Lddqu
                or Mnemonic.Movntps or Mnemonic.Movntpd or Mnemonic.Movntdq or Mnemonic.Movntdqa or Mnemonic.Movss or Mnemonic.Movsd or Mnemonic.Movd
                or Mnemonic.Movq or Mnemonic.Movlps or Mnemonic.Movlpd:
            case Mnemonic.Vmovups or Mnemonic.Vmovupd or Mnemonic.Vmovaps or Mnemonic.Vmovapd or Mnemonic.Vmovdqu or Mnemonic.Vmovdqa or Mnemonic.Vlddqu
                or Mnemonic.Vmovntps or Mnemonic.Vmovntpd or Mnemonic.Vmovntdq or Mnemonic.Vmovntdqa or Mnemonic.Vmovss or Mnemonic.Vmovsd or Mnemonic.Vmovd
                or Mnemonic.Vmovq or Mnemonic.Vmovlps or Mnemonic.Vmovlpd:
                return memory == 0 ? MemoryOperation.VectorStore : MemoryOperation.VectorLoad;
            default:
                return MemoryOperation.Unknown;
        }
    }

    private static MemoryOperation GeneralOperation(in Instruction instruction, bool isString)
    {
        if (instruction.Encoding != EncodingKind.Legacy || !HasOnlyGeneralRegisters(instruction))
        {
            return MemoryOperation.Unknown;
        }

        if (instruction.IsCallNearIndirect || instruction.IsJmpNearIndirect)
        {
            return instruction.IsCallNearIndirect ? MemoryOperation.Call : MemoryOperation.Jump;
        }

        if (instruction.ConditionCode != ConditionCode.None)
        {
            return instruction.OpCount == 1 ? MemoryOperation.SetCondition : instruction.OpCount == 2 ? MemoryOperation.MoveConditional : MemoryOperation.Unknown;
        }

        return instruction.Mnemonic switch
        {
            Mnemonic.Mov when instruction.Op1Kind == OpKind.Register && instruction.Op1Register.IsSegmentRegister() => MemoryOperation.MoveSegment,
            Mnemonic.Mov or Mnemonic.Movnti or Mnemonic.Movdiri => MemoryOperation.Move,
            Mnemonic.Movzx => MemoryOperation.MoveZeroExtend,
            Mnemonic.Movsx or Mnemonic.Movsxd => MemoryOperation.MoveSignExtend,
            Mnemonic.Movbe => MemoryOperation.MoveReversed,
            Mnemonic.Xchg => MemoryOperation.Exchange,
            Mnemonic.Add => MemoryOperation.Add,
            Mnemonic.Or => MemoryOperation.Or,
            Mnemonic.Adc => MemoryOperation.AddWithCarry,
            Mnemonic.Sbb => MemoryOperation.SubtractWithBorrow,
            Mnemonic.And => MemoryOperation.And,
            Mnemonic.Sub => MemoryOperation.Subtract,
            Mnemonic.Xor => MemoryOperation.ExclusiveOr,
            Mnemonic.Cmp => MemoryOperation.Compare,
            Mnemonic.Test => MemoryOperation.Test,
            Mnemonic.Inc => MemoryOperation.Increment,
            Mnemonic.Dec => MemoryOperation.Decrement,
            Mnemonic.Not => MemoryOperation.Not,
            Mnemonic.Neg => MemoryOperation.Negate,
            Mnemonic.Bt => MemoryOperation.BitTest,
            Mnemonic.Bts => MemoryOperation.BitTestAndSet,
            Mnemonic.Btr => MemoryOperation.BitTestAndReset,
            Mnemonic.Btc => MemoryOperation.BitTestAndComplement,
            Mnemonic.Xadd => MemoryOperation.ExchangeAdd,
            Mnemonic.Cmpxchg => MemoryOperation.CompareExchange,
            Mnemonic.Cmpxchg8b or Mnemonic.Cmpxchg16b => MemoryOperation.CompareExchangeWide,
            Mnemonic.Rol => MemoryOperation.RotateLeft,
            Mnemonic.Ror => MemoryOperation.RotateRight,
            Mnemonic.Rcl => MemoryOperation.RotateCarryLeft,
            Mnemonic.Rcr => MemoryOperation.RotateCarryRight,
            Mnemonic.Shl or Mnemonic.Sal => MemoryOperation.ShiftLeft,
            Mnemonic.Shr => MemoryOperation.ShiftRight,
            Mnemonic.Sar => MemoryOperation.ShiftArithmeticRight,
            Mnemonic.Shld => MemoryOperation.ShiftLeftDouble,
            Mnemonic.Shrd => MemoryOperation.ShiftRightDouble,
            Mnemonic.Mul => MemoryOperation.Multiply,
            Mnemonic.Imul => instruction.OpCount == 1 ? MemoryOperation.MultiplySigned : MemoryOperation.MultiplyToRegister,
            Mnemonic.Div => MemoryOperation.Divide,
            Mnemonic.Idiv => MemoryOperation.DivideSigned,
            Mnemonic.Push => MemoryOperation.Push,
            Mnemonic.Pop => MemoryOperation.Pop,
            Mnemonic.Stosb or Mnemonic.Stosw or Mnemonic.Stosd or Mnemonic.Stosq => MemoryOperation.StoreString,
            Mnemonic.Lodsb or Mnemonic.Lodsw or Mnemonic.Lodsd or Mnemonic.Lodsq => MemoryOperation.LoadString,
            Mnemonic.Movsb or Mnemonic.Movsw or Mnemonic.Movsd or Mnemonic.Movsq when isString => MemoryOperation.MoveString,
            Mnemonic.Cmpsb or Mnemonic.Cmpsw or Mnemonic.Cmpsd or Mnemonic.Cmpsq when isString => MemoryOperation.CompareString,
            Mnemonic.Scasb or Mnemonic.Scasw or Mnemonic.Scasd or Mnemonic.Scasq => MemoryOperation.ScanString,
            _ => MemoryOperation.Unknown,
        };
    }

    private static bool HasOnlyGeneralRegisters(in Instruction instruction)
    {
        for (int operand = 0; operand < instruction.OpCount; operand++)
        {
            if (instruction.GetOpKind(operand) != OpKind.Register)
            {
                continue;
            }

            Register register = instruction.GetOpRegister(operand);
            bool isStoredSegment = register.IsSegmentRegister() && operand == 1;
            if (!register.IsGPR() && !isStoredSegment)
            {
                return false;
            }
        }

        return true;
    }
}
