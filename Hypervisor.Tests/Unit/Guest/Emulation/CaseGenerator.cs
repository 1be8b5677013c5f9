using System;
using System.Runtime.Intrinsics.X86;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.Decoding;

namespace Hypervisor.Tests.Unit.Guest.Emulation;

/// <summary>Random instructions with memory operands, in states in which most of them reach memory that there is.</summary>
internal sealed unsafe class CaseGenerator(int seed, CodeWidth width, bool vectors)
{
    private const int CodeBytes = 15;
    private const ulong StatusFlags = 0x8D5;
    private const ulong DirectionFlag = 0x400;
    private const ulong AlignmentFlag = 0x4_0000;
    private const ulong AlwaysSet = 0x202;
    private const byte FarJump = 0xEA;
    private const int NearJumpLength = 6;
    private const int ReturnPointer = 24;

    private static readonly bool s_hasMoveReversed = (X86Base.CpuId(1, 0).Ecx & (1 << 22)) != 0;

    private readonly Random _random = new(seed);

    private static ReadOnlySpan<byte> PrimaryOpcodes =>
    [
        0x00, 0x01, 0x02, 0x03, 0x08, 0x09, 0x0A, 0x0B, 0x10, 0x11, 0x12, 0x13, 0x18, 0x19, 0x1A, 0x1B, 0x20, 0x21, 0x22, 0x23,
        0x28, 0x29, 0x2A, 0x2B, 0x30, 0x31, 0x32, 0x33, 0x38, 0x39, 0x3A, 0x3B, 0x63, 0x69, 0x6B, 0x80, 0x81, 0x82, 0x83, 0x84,
        0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8B, 0x8C, 0x8F, 0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA4, 0xA5, 0xA6, 0xA7, 0xA6,
        0xA7, 0xAA, 0xAB, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF, 0xAE, 0xAF, 0xC0, 0xC1, 0xC6, 0xC7, 0xD0, 0xD1, 0xD2, 0xD3, 0xC0,
        0xC1, 0xD2, 0xD3, 0xF6, 0xF7, 0xF6, 0xF7, 0xFE, 0xFF, 0xFF,
    ];

    private static ReadOnlySpan<byte> EscapedOpcodes =>
    [
        0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F, 0x90, 0x91, 0x92, 0x93, 0x94,
        0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA3, 0xA4, 0xA5, 0xAB, 0xAC, 0xAD, 0xAF, 0xB0, 0xB1, 0xB3,
        0xB6, 0xB7, 0xBA, 0xBA, 0xBB, 0xBE, 0xBF, 0xC0, 0xC1, 0xC3, 0xC7, 0xC7,
    ];

    private static ReadOnlySpan<byte> VectorOpcodes =>
        [0x10, 0x11, 0x12, 0x13, 0x16, 0x17, 0x28, 0x29, 0x2B, 0x6E, 0x6F, 0x7E, 0x7F, 0xD6, 0xE7, 0xF0];

    /// <summary>Makes one case; the instruction is known.</summary>
    internal MemoryInstruction Next(out NativeCase made)
    {
        MemoryInstruction instruction;
        while (!TryMake(out made, out instruction))
        {
        }

        return instruction;
    }

    private bool TryMake(out NativeCase made, out MemoryInstruction instruction)
    {
        made = default;
        byte* code = stackalloc byte[CodeBytes];
        do
        {
            FillCode(new Span<byte>(code, CodeBytes));
        }
        while (!MemoryInstruction.TryDecode(new ReadOnlySpan<byte>(code, CodeBytes), width, out instruction) || !IsWanted(instruction));

        FillState(ref made, instruction);
        int length = instruction.Length;
        bool good = true;
        fixed (NativeCase* target = &made)
        {
            if (instruction.IsString)
            {
                SetStrings(target, instruction);
            }
            else
            {
                good = SetOperand(target, instruction, code);
            }

            new ReadOnlySpan<byte>(code, length).CopyTo(new Span<byte>(target->Code, length));
            target->Length = (ulong)length;
            SetReturn(target, length);
        }

        // The displacement may have changed.
        _ = MemoryInstruction.TryDecode(new ReadOnlySpan<byte>(code, CodeBytes), width, out instruction);
        return good;
    }

    private void FillCode(Span<byte> code)
    {
        _random.NextBytes(code);
        int at = 0;
        ReadOnlySpan<byte> prefixes = [0x66, 0x67, 0xF2, 0xF3, 0xF0, 0x64, 0x65, 0x2E, 0x36, 0x3E, 0x26];
        for (int count = _random.Next(4); count > 1; count--)
        {
            code[at++] = prefixes[_random.Next(prefixes.Length)];
        }

        if (width == CodeWidth.Bits64 && _random.Next(2) == 0)
        {
            code[at++] = (byte)(0x40 | _random.Next(16));
        }

        if (vectors)
        {
            FillVector(code, at);
            return;
        }

        switch (_random.Next(12))
        {
            case < 7:
                code[at] = PrimaryOpcodes[_random.Next(PrimaryOpcodes.Length)];
                break;
            case < 11:
                code[at++] = 0x0F;
                code[at] = EscapedOpcodes[_random.Next(EscapedOpcodes.Length)];
                break;
            default:
                code[at++] = 0x0F;
                code[at++] = 0x38;
                code[at] = (byte)(0xF0 + _random.Next(2));
                break;
        }

        // More SIB bytes than noise has, and no registers.
        code[at + 1] = (byte)((_random.Next(3) << 6) | (code[at + 1] & 0x38) | (_random.Next(3) == 0 ? 4 : code[at + 1] & 7));
    }

    private void FillVector(Span<byte> code, int at)
    {
        byte opcode = VectorOpcodes[_random.Next(VectorOpcodes.Length)];
        switch (_random.Next(4))
        {
            case 0 or 1:
                ReadOnlySpan<byte> mandatory = [0x66, 0xF2, 0xF3];
                at = 0;
                if (_random.Next(4) != 0)
                {
                    code[at++] = mandatory[_random.Next(3)];
                }

                if (width == CodeWidth.Bits64 && _random.Next(2) == 0)
                {
                    code[at++] = (byte)(0x40 | _random.Next(16));
                }

                code[at++] = 0x0F;
                if (_random.Next(16) == 0)
                {
                    code[at++] = 0x38;
                    opcode = 0x2A;
                }

                code[at] = opcode;
                break;
            case 2:
                at = 0;
                code[at++] = VexPrefix.Short;
                code[at] = (byte)((width == CodeWidth.Bits64 ? code[at] : code[at] | 0xC0) | (_random.Next(4) == 0 ? 0 : 0x78));
                code[++at] = opcode;
                break;
            default:
                at = 0;
                code[at++] = VexPrefix.Long;
                bool isThird = _random.Next(16) == 0;
                code[at] = (byte)((width == CodeWidth.Bits64 ? code[at] & 0xE0 : 0xE0) | (isThird ? 2 : 1));
                at++;
                code[at] = (byte)(code[at] | (_random.Next(4) == 0 ? 0 : 0x78));
                code[++at] = isThird ? (byte)0x2A : opcode;
                break;
        }

        code[at + 1] = (byte)((_random.Next(3) << 6) | (code[at + 1] & 0x3F));
    }

    private bool IsWanted(in MemoryInstruction instruction)
    {
        bool branches = instruction.Operation is MemoryOperation.Call or MemoryOperation.Jump;
        if (instruction.IsVector != vectors || (instruction.Layout.Prefixes.Lock && !instruction.AllowsLock && _random.Next(8) != 0))
        {
            return false;
        }

        // With both prefixes MOVBE escapes alignment checks on some processors.
        bool isOdd = instruction.Layout.Prefixes.OperandSize && instruction.Layout.Rex.Wide;
        if (instruction.Operation == MemoryOperation.MoveReversed && (!s_hasMoveReversed || isOdd))
        {
            return false;
        }

        // In 32-bit code a 16-bit branch goes where there is nothing.
        return !branches || width != CodeWidth.Bits32 || instruction.MemorySize == sizeof(uint);
    }

    private void FillState(ref NativeCase made, in MemoryInstruction instruction)
    {
        fixed (NativeCase* target = &made)
        {
            for (int i = 0; i < 16; i++)
            {
                ulong value = NextValue();
                ((ulong*)&target->Registers)[i] = width == CodeWidth.Bits64 ? value : (uint)value;
            }

            _random.NextBytes(new Span<byte>(target->FirstWindow, NativeLayout.WindowSize));
            _random.NextBytes(new Span<byte>(target->SecondWindow, NativeLayout.WindowSize));
            if (Avx.IsSupported)
            {
                _random.NextBytes(new Span<byte>(target->VectorRegisters, NativeCase.Vectors * NativeCase.VectorSize));
            }
            else
            {
                for (int i = 0; i < NativeCase.Vectors; i++)
                {
                    _random.NextBytes(new Span<byte>(target->VectorRegisters + (i * NativeCase.VectorSize), NativeCase.VectorSize / 2));
                }
            }

            target->Flags = AlwaysSet | ((ulong)_random.NextInt64() & StatusFlags)
                | (_random.Next(4) == 0 ? DirectionFlag : 0) | (_random.Next(10) == 0 ? AlignmentFlag : 0);
            SetSegments(target);
            if (instruction.Operation is MemoryOperation.Divide or MemoryOperation.DivideSigned && _random.Next(3) != 0)
            {
                target->Registers.Rax = (uint)_random.Next(0x4000);
                target->Registers.Rdx = (uint)(_random.Next(3) == 0 ? _random.Next(8) : 0);
            }

            if (instruction.Operation is MemoryOperation.ShiftLeftDouble or MemoryOperation.ShiftRightDouble && instruction.IsCountInCounter)
            {
                target->Registers.Rcx &= ~0x10UL; // no more than the width: what comes of that is undefined
            }
        }
    }

    private void SetSegments(NativeCase* target)
    {
        if (width == CodeWidth.Bits64)
        {
            return;
        }

        ReadOnlySpan<int> dataSegments = [1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 5, 6, 9, 10, -1];
        ReadOnlySpan<int> stackSegments = [1, 1, 7, 7, 8, 2, 3, 5, 6];
        for (int i = 0; i < 6; i++)
        {
            int number = i == (int)SegmentRegister.Ss ? stackSegments[_random.Next(stackSegments.Length)] : dataSegments[_random.Next(dataSegments.Length)];
            target->Selectors[i] = number < 0 ? (ushort)0 : NativeSegment.Selector(number);
        }

        target->Selectors[(int)SegmentRegister.Cs] = NativeSegment.Code32;
        target->EntryOffsetInSegment = width == CodeWidth.Bits32 ? (uint)NativeLayout.Code : 0;
        target->EntrySelector = width == CodeWidth.Bits32 ? NativeSegment.Code32 : NativeSegment.Selector(0);
        target->Selectors[(int)SegmentRegister.Cs] = target->EntrySelector;
    }

    private ulong NextValue() => _random.Next(10) switch
    {
        0 => 0,
        1 => ulong.MaxValue,
        2 => 1UL << _random.Next(64),
        3 => (1UL << _random.Next(64)) - 1,
        4 or 5 => (ulong)_random.Next(256),
        _ => (ulong)_random.NextInt64(long.MinValue, long.MaxValue),
    };

    private ulong SegmentBase(NativeCase* target, SegmentRegister segment)
    {
        if (width == CodeWidth.Bits64)
        {
            return segment switch { SegmentRegister.Fs => NativeLayout.FsBase, SegmentRegister.Gs => NativeLayout.GsBase, _ => 0 };
        }

        return NativeSegment.State(target->Selectors[(int)segment]).Base;
    }

    /// <summary>A place for an operand: mostly in reach.</summary>
    private ulong NextPlace(ulong window, int size, bool aligned)
    {
        switch (_random.Next(40))
        {
            case 0:
                return NativeLayout.ReadOnlyPage + (ulong)_random.Next(0x1000);
            case 1:
                return NativeLayout.FirstPages + (NativeLayout.Pages * NativeLayout.PageSize) - (ulong)_random.Next(16);
            case 2 when width == CodeWidth.Bits64:
                ReadOnlySpan<ulong> edges = [0x7FFF_FFFF_FFFC, 0x8000_0000_0000, 0xFFFF_7FFF_FFFF_FFFE, 0xDEAD_BEEF_0000_0000];
                return edges[_random.Next(edges.Length)];
            case 3:
                return NativeLayout.ReadOnlyPage + 0x1000 - (ulong)_random.Next(16);
        }

        ulong place = window + (NativeLayout.WindowSize / 2) + (ulong)(_random.Next(112) - 64);
        return (aligned || _random.Next(2) == 0) && _random.Next(10) != 0 ? place & ~((ulong)size - 1) : place;
    }

    private void SetStrings(NativeCase* target, in MemoryInstruction instruction)
    {
        bool swap = _random.Next(2) == 0;
        ulong source = NextPlace(swap ? NativeLayout.SecondWindow : NativeLayout.FirstWindow, instruction.MemorySize, aligned: false);
        ulong destination = NextPlace(swap || _random.Next(4) == 0 ? NativeLayout.FirstWindow : NativeLayout.SecondWindow, instruction.MemorySize, aligned: false);
        Put(target, 6, source - SegmentBase(target, instruction.Address.Segment), instruction.Address.Size);
        Put(target, 7, destination - SegmentBase(target, SegmentRegister.Es), instruction.Address.Size);
        if (instruction.IsRepeated)
        {
            // Far enough to end in the window, mostly; sometimes many, which end at the page behind.
            Put(target, 1, _random.Next(24) == 0 ? 1500 : (ulong)_random.Next((48 / instruction.MemorySize) + 2), instruction.Address.Size);
        }

        if (instruction.Operation is MemoryOperation.CompareString or MemoryOperation.ScanString && _random.Next(2) == 0)
        {
            // Long runs of what is equal.
            new Span<byte>(target->FirstWindow, NativeLayout.WindowSize).Fill(7);
            new Span<byte>(target->SecondWindow, NativeLayout.WindowSize).Fill(7);
            target->SecondWindow[_random.Next(NativeLayout.WindowSize)] = 8;
            target->Registers.Rax = 0x0707_0707_0707_0707 & (width == CodeWidth.Bits64 ? ulong.MaxValue : uint.MaxValue);
        }
    }

    private void Put(NativeCase* target, int register, ulong value, int size)
    {
        ulong* place = (ulong*)&target->Registers + register;
        *place = size switch
        {
            sizeof(ushort) => (*place & ~0xFFFFUL) | (ushort)value,
            sizeof(uint) => (*place & ~0xFFFF_FFFFUL) | (uint)value,
            _ => value,
        };
        *place &= width == CodeWidth.Bits64 ? ulong.MaxValue : uint.MaxValue;
    }

    /// <returns>False for a branch to who knows where: it might never come back.</returns>
    private bool SetOperand(NativeCase* target, in MemoryInstruction instruction, byte* code)
    {
        bool usesStack = instruction.Operation is >= MemoryOperation.Push and <= MemoryOperation.Call;
        if (usesStack)
        {
            ulong top = NextPlace(NativeLayout.SecondWindow, instruction.MemorySize, aligned: false) - SegmentBase(target, SegmentRegister.Ss);
            target->Registers.Rsp = width == CodeWidth.Bits64 ? top : (uint)top;
        }

        bool isBitString = instruction.Operation is >= MemoryOperation.BitTest and <= MemoryOperation.BitTestAndComplement
            && instruction.Other == OtherOperand.Register;
        if (isBitString)
        {
            Put(target, instruction.Register, (ulong)(_random.Next(900) - 450), instruction.MemorySize);
        }

        int size = isBitString ? 1 : instruction.MemorySize;
        ulong window = _random.Next(4) == 0 ? NativeLayout.SecondWindow : NativeLayout.FirstWindow;
        ulong place = NextPlace(window, size, instruction.IsAligned);
        MemoryAddress address = instruction.Address;
        ulong offset = place - SegmentBase(target, address.Segment);
        bool keepsStack = usesStack && address.Base == GuestRegisters.StackPointer;
        if (!keepsStack)
        {
            Solve(target, address, offset, instruction, code);
        }

        if (instruction.Operation is MemoryOperation.Call or MemoryOperation.Jump)
        {
            PutTarget(target, place, instruction);
            bool isInWindow = place - NativeLayout.FirstWindow < NativeLayout.WindowSize - 8 || place - NativeLayout.SecondWindow < NativeLayout.WindowSize - 8;
            return width != CodeWidth.Bits16 || (isInWindow && !keepsStack && (address.Base < 0 || address.Base != address.Index) && (address.Size != sizeof(ushort) || offset <= ushort.MaxValue));
        }

        return true;
    }

    private void Solve(NativeCase* target, in MemoryAddress address, ulong offset, in MemoryInstruction instruction, byte* code)
    {
        ulong* registers = (ulong*)&target->Registers;
        ulong displacement = (ulong)address.Displacement;
        if (address.IsRipRelative)
        {
            PutDisplacement(code, instruction.Layout, offset - NativeLayout.Code - (ulong)instruction.Length);
        }
        else if (address.Base >= 0 && address.Base == address.Index)
        {
            Put(target, address.Base, (offset - displacement) / (1UL + address.Scale), address.Size);
        }
        else if (address.Base >= 0)
        {
            ulong indexed = address.Index < 0 ? 0 : registers[address.Index] * address.Scale;
            Put(target, address.Base, offset - indexed - displacement, address.Size);
        }
        else if (address.Index >= 0)
        {
            ulong index = (ulong)_random.Next(0x1_0000);
            Put(target, address.Index, index, address.Size);
            PutDisplacement(code, instruction.Layout, offset - (index * address.Scale));
        }
        else
        {
            PutDisplacement(code, instruction.Layout, offset);
        }
    }

    /// <summary>A branch goes to what stands behind it; a jump sometimes where it cannot (a call's return address is on the stack by then, on this processor).</summary>
    private void PutTarget(NativeCase* target, ulong place, in MemoryInstruction instruction)
    {
        ulong to = (width == CodeWidth.Bits16 ? 0 : NativeLayout.Code) + (ulong)instruction.Length;
        bool canMiss = width != CodeWidth.Bits32 && instruction.MemorySize > sizeof(ushort);
        if (canMiss && instruction.Operation == MemoryOperation.Jump && _random.Next(10) == 0)
        {
            to = width == CodeWidth.Bits64 ? 0x1234_5678_9ABC_DEF0UL : 0x8_0000UL;
        }

        for (int i = 0; i < instruction.MemorySize; i++)
        {
            byte value = (byte)(to >> (i * 8));
            if (place + (ulong)i - NativeLayout.FirstWindow < NativeLayout.WindowSize)
            {
                target->FirstWindow[place + (ulong)i - NativeLayout.FirstWindow] = value;
            }
            else if (place + (ulong)i - NativeLayout.SecondWindow < NativeLayout.WindowSize)
            {
                target->SecondWindow[place + (ulong)i - NativeLayout.SecondWindow] = value;
            }
        }
    }

    private static void PutDisplacement(byte* code, in InstructionLayout layout, ulong value)
    {
        for (int i = 0; i < layout.DisplacementSize; i++)
        {
            code[layout.DisplacementOffset + i] = (byte)(value >> (i * 8));
        }
    }

    /// <summary>Behind the instruction: a jump to the program, which changes nothing else.</summary>
    private void SetReturn(NativeCase* target, int length)
    {
        byte* at = target->Code + length;
        if (width == CodeWidth.Bits64)
        {
            // Through a pointer that is aligned: the alignment flag may be set.
            *at++ = 0xFF;
            *at++ = 0x25;
            *(uint*)at = (uint)(ReturnPointer - length - NearJumpLength);
            *(ulong*)(target->Code + ReturnPointer) = NativeProgram.ReturnAddress;
            return;
        }

        if (width == CodeWidth.Bits16)
        {
            *at++ = 0x66;
        }

        *at++ = FarJump;
        *(uint*)at = (uint)NativeProgram.ReturnAddress;
        *(ushort*)(at + 4) = NativeSegment.Code64;
    }
}
