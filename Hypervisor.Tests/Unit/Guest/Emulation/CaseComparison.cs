using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;

namespace Hypervisor.Tests.Unit.Guest.Emulation;

/// <summary>What an instruction left natively, held against what it left emulated.</summary>
internal static unsafe class CaseComparison
{
    private const ulong Carry = 1 << 0;
    private const ulong Parity = 1 << 2;
    private const ulong Auxiliary = 1 << 4;
    private const ulong Zero = 1 << 6;
    private const ulong Sign = 1 << 7;
    private const ulong Overflow = 1 << 11;
    private const ulong Status = Carry | Parity | Auxiliary | Zero | Sign | Overflow;
    private const ulong EndOfPrograms = 0x7FFF_FFFF_F000;
    private const ulong Present = 1;
    private const ulong Fetch = 1 << 4;
    private const ulong Compared = Status | 0x4_0400; // and the direction and alignment flags

    /// <summary>The first difference, in words; null for none.</summary>
    internal static string? Difference(in NativeCase found, in NativeCase native, in NativeCase emulated, in MemoryInstruction instruction, CodeWidth width)
    {
        bool branches = instruction.Operation is MemoryOperation.Call or MemoryOperation.Jump;
        if (branches && native.Vector == ExceptionVector.PageFault && (native.ErrorCode & Fetch) != 0)
        {
            return emulated.Status == NativeCase.Done ? null : $"natively a jump, emulated {Describe(emulated)}";
        }

        if (native.Status != emulated.Status)
        {
            return $"natively {Describe(native)}, emulated {Describe(emulated)}";
        }

        if (native.Status == NativeCase.Faulted)
        {
            // Linux does not tell programs which of its own pages exist.
            ulong hidden = native.Vector == ExceptionVector.PageFault && native.FaultAddress >= EndOfPrograms ? Present : 0;
            if (native.Vector != emulated.Vector || (native.ErrorCode | hidden) != (emulated.ErrorCode | hidden)
                || (native.Vector == ExceptionVector.PageFault && native.FaultAddress != emulated.FaultAddress))
            {
                return $"natively {Describe(native)}, emulated {Describe(emulated)}";
            }
        }

        ulong flags = Compared & ~(native.Status == NativeCase.Faulted && native.Vector != ExceptionVector.Divide && !instruction.IsRepeated
            ? 0 : UndefinedFlags(found, instruction));
        if (((native.Flags ^ emulated.Flags) & flags) != 0)
        {
            return $"flags natively 0x{native.Flags & Compared:X}, emulated 0x{emulated.Flags & Compared:X}, compared 0x{flags:X}";
        }

        fixed (NativeCase* left = &native)
        fixed (NativeCase* right = &emulated)
        {
            if (instruction.IsRepeated && instruction.Address.Size == sizeof(uint))
            {
                KeepUpperHalves(left, right);
            }

            // A call that cannot go where it should: whether the return address is on the stack by then is the processor's affair.
            if (instruction.Operation == MemoryOperation.Call && left->Status == NativeCase.Faulted)
            {
                new Span<byte>(left->FirstWindow, 2 * NativeLayout.WindowSize).CopyTo(new Span<byte>(right->FirstWindow, 2 * NativeLayout.WindowSize));
            }

            return CompareState(left, right, width);
        }
    }

    /// <summary>
    /// With ECX as counter and ESI, EDI as addresses, the upper halves of the registers are as they were, or clear, where no element was done or one faulted: that is the
    /// processor's affair.
    /// </summary>
    private static void KeepUpperHalves(NativeCase* native, NativeCase* emulated)
    {
        foreach (int i in (int[])[1, 6, 7])
        {
            ulong* left = (ulong*)&native->Registers + i;
            ulong* right = (ulong*)&emulated->Registers + i;
            *right = *left >> 32 == 0 ? (uint)*right : *right;
        }
    }

    private static string? CompareState(NativeCase* native, NativeCase* emulated, CodeWidth width)
    {
        for (int i = 0; i < (width == CodeWidth.Bits64 ? 16 : 8); i++)
        {
            ulong left = ((ulong*)&native->Registers)[i];
            ulong right = ((ulong*)&emulated->Registers)[i];
            if (width == CodeWidth.Bits64 ? left != right : (uint)left != (uint)right)
            {
                return $"register {i} natively 0x{left:X}, emulated 0x{right:X}";
            }
        }

        return CompareBytes("first window", native->FirstWindow, emulated->FirstWindow, NativeLayout.WindowSize)
            ?? CompareBytes("second window", native->SecondWindow, emulated->SecondWindow, NativeLayout.WindowSize)
            ?? (native->Status == NativeCase.Done
                ? CompareBytes("vector registers", native->VectorRegisters, emulated->VectorRegisters, NativeCase.Vectors * NativeCase.VectorSize) : null);
    }

    private static string? CompareBytes(string name, byte* native, byte* emulated, int size)
    {
        for (int i = 0; i < size; i++)
        {
            if (native[i] != emulated[i])
            {
                return $"{name} at {i}: natively 0x{native[i]:X2}, emulated 0x{emulated[i]:X2}";
            }
        }

        return null;
    }

    /// <summary>Flags that the manuals leave open (Intel SDM vol 1 appendix A; the entries of the instructions).</summary>
    private static ulong UndefinedFlags(in NativeCase found, in MemoryInstruction instruction)
    {
        int size = instruction.MemorySize;
        int count = (int)(instruction.IsCountInCounter ? found.Registers.Rcx : (ulong)instruction.Immediate) & (size == 8 ? 63 : 31);
        ulong overflow = count == 1 ? 0 : Overflow;
        switch (instruction.Operation)
        {
            case MemoryOperation.And or MemoryOperation.Or or MemoryOperation.ExclusiveOr or MemoryOperation.Test:
                return Auxiliary;
            case MemoryOperation.Multiply or MemoryOperation.MultiplySigned or MemoryOperation.MultiplyToRegister:
                return Status & ~(Carry | Overflow);
            case MemoryOperation.Divide or MemoryOperation.DivideSigned:
                return Status;
            case >= MemoryOperation.BitTest and <= MemoryOperation.BitTestAndComplement:
                return Overflow | Sign | Auxiliary | Parity;
            case >= MemoryOperation.RotateLeft and <= MemoryOperation.RotateCarryRight:
                return count == 0 ? 0 : overflow;
            case MemoryOperation.ShiftLeft or MemoryOperation.ShiftRight:
                return count == 0 ? 0 : overflow | Auxiliary | (count >= size * 8 ? Carry : 0);
            case MemoryOperation.ShiftArithmeticRight or MemoryOperation.ShiftLeftDouble or MemoryOperation.ShiftRightDouble:
                return count == 0 ? 0 : overflow | Auxiliary;
            default:
                return 0;
        }
    }

    private static string Describe(in NativeCase left) => left.Status switch
    {
        NativeCase.Done => "done",
        NativeCase.Faulted => $"vector {left.Vector}, error code 0x{left.ErrorCode:X}, CR2 0x{left.FaultAddress:X}",
        _ => $"not run ({left.Status})",
    };
}
