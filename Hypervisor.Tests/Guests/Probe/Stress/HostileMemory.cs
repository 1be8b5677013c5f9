using System;
using Hypervisor.Guests.Probe.Execution;

namespace Hypervisor.Guests.Probe.Stress;

/// <summary>
/// Trapped memory with every form of instruction that has a memory operand: random prefixes, opcodes, registers and immediates, with [RDI] as the operand, which may
/// reach into the next page.
/// </summary>
/// <remarks>
/// Not among the opcodes: LDMXCSR, FLDCW, FLDENV, FXRSTOR and LGDT, LIDT, LLDT, LTR, LMSW with what is read there, because the program's own code then runs with it. A near branch
/// goes to where <see cref="HostileTargets"/>' memory says: to 0, where an end has been put, or to all ones, where nothing is.
/// </remarks>
internal static unsafe class HostileMemory
{
    private const int ImmediateBytes = 4;
    private const byte OperandAtRdi = 7;
    private const int RegisterShift = 3;
    private const int CodeCapacity = 16;
    private const byte OperandSize = 0x66;
    private const byte NearBranches = 0xFF;
    private const byte NoOperation = 0x90;
    private const ulong DirectionFlag = 1 << 10;
    private static Saved s_saved;

    private struct Saved
    {
        public fixed byte Below[HostileTargets.Reach];
        public fixed byte Above[HostileTargets.Reach];
    }

    private static ReadOnlySpan<byte> Plain =>
    [
        0x00, 0x01, 0x02, 0x03, 0x08, 0x09, 0x0A, 0x0B, 0x10, 0x11, 0x12, 0x13, 0x18, 0x19, 0x1A, 0x1B, 0x20, 0x21, 0x22, 0x23, 0x28, 0x29, 0x2A, 0x2B,
        0x30, 0x31, 0x32, 0x33, 0x38, 0x39, 0x3A, 0x3B, 0x63, 0x69, 0x6B, 0x80, 0x81, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8B, 0x8C, 0x8F,
        0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF, 0xC0, 0xC1, 0xC6, 0xC7, 0xD0, 0xD1, 0xD2, 0xD3, 0xD8, 0xDA, 0xDC, 0xDD, 0xDE, 0xDF,
        0xF6, 0xF7, 0xFE, NearBranches,
    ];

    /// <summary>The same of the map behind 0F.</summary>
    private static ReadOnlySpan<byte> Extended =>
    [
        0x0D, 0x10, 0x11, 0x12, 0x13, 0x16, 0x17, 0x18, 0x28, 0x29, 0x2B, 0x2E, 0x40, 0x44, 0x48, 0x4F, 0x51, 0x54, 0x58, 0x59, 0x60, 0x6E, 0x6F, 0x7E, 0x7F,
        0x90, 0x95, 0x9F, 0xA3, 0xA4, 0xA5, 0xAB, 0xAC, 0xAD, 0xAF, 0xB0, 0xB1, 0xB3, 0xB6, 0xB7, 0xB8, 0xBA, 0xBB, 0xBC, 0xBD, 0xBE, 0xBF,
        0xC0, 0xC1, 0xC2, 0xC3, 0xC6, 0xC7, 0xD0, 0xD6, 0xDB, 0xE7, 0xEF, 0xF0, 0xFE,
    ];

    private static ReadOnlySpan<byte> Prefixes => [OperandSize, 0xF2, 0xF3, 0xF0, 0x67, 0x2E, 0x64, 0x48, 0x4C, 0x40, 0x44];

    /// <summary>Forms with fixed bytes, [RDI] in all: FXSAVE, CLFLUSH, INVLPG, SGDT, SIDT, STMXCSR, MOVBE, PREFETCHW, CMPXCHG16B, VEX moves.</summary>
    private static ReadOnlySpan<byte> Fixed =>
    [
        0x0F, 0xAE, 0x07, 0x90, 0x0F, 0xAE, 0x3F, 0x90, 0x0F, 0x01, 0x3F, 0x90, 0x0F, 0x01, 0x07, 0x90, 0x0F, 0x01, 0x0F, 0x90, 0x0F, 0xAE, 0x1F, 0x90,
        0x0F, 0x38, 0xF0, 0x07, 0x0F, 0x38, 0xF1, 0x07, 0x0F, 0x0D, 0x0F, 0x90, 0x48, 0x0F, 0xC7, 0x0F, 0xC5, 0xFC, 0x11, 0x07, 0xC5, 0xF9, 0x6F, 0x07,
    ];

    /// <summary>One instruction.</summary>
    internal static void Step(ref RandomSequence random)
    {
        ulong place = HostileTargets.Choose(ref random);
        if (place == 0)
        {
            return;
        }

        Span<byte> code = stackalloc byte[CodeCapacity];
        bool isBitString = false;
        int length = (random.Next() & 15) == 0 ? CopyFixed(ref random, code) : Form(ref random, code, place, out isBitString);
        RunContext* context = HostileRun.Prepare();
        context->Rax = random.Next();
        context->Rcx = random.Next() & 0x1F;
        // A register's bit offset reaches outside the operand: kept where the target is.
        ulong mask = isBitString ? 0x3FUL : ulong.MaxValue;
        context->Rbx = random.Next() & mask;
        context->Rdx = random.Next() & mask;
        context->Rbp = random.Next() & mask;
        context->Rsi = (ulong)Runner.Scratch + 0x400 + (random.Next() & 0x3FF);
        context->Rdi = place;
        context->RFlags = HostileRun.RandomFlags(ref random);
        if ((random.Next() & 3) == 0 && !HostileTargets.IsInApic(place))
        {
            context->RFlags |= DirectionFlag;
        }

        Save();
        HostileRun.Execute(context, code.Slice(0, length));
        Restore();
    }

    private static int CopyFixed(ref RandomSequence random, Span<byte> code)
    {
        const int size = 4;
        Fixed.Slice((int)(random.Next() % (uint)(Fixed.Length / size)) * size, size).CopyTo(code);
        return size;
    }

    private static int Form(ref RandomSequence random, Span<byte> code, ulong place, out bool isBitString)
    {
        int length = 0;
        bool isShort = false;
        for (uint prefixes = random.Next() % 3; prefixes != 0; prefixes--)
        {
            byte prefix = Prefixes[(int)(random.Next() % (uint)Prefixes.Length)];
            isShort |= prefix == OperandSize;
            code[length++] = prefix;
        }

        isBitString = false;
        uint register = random.Next() & 7;
        if ((random.Next() & 1) == 0)
        {
            byte opcode = Plain[(int)(random.Next() % (uint)Plain.Length)];
            // With prefix 66 AMD's processors cut the target of a near branch to 16 bits, and at a border what is read is somebody's: only INC, DEC and PUSH then.
            register = opcode == NearBranches && (isShort || HostileTargets.IsAtBorder(place)) && register is 2 or 4 ? 6 : register;
            // FLDENV's and FLDCW's opcode is not here, but FRSTOR's is, which takes the control word along: the last instruction of the run puts it right.
            code[length++] = opcode;
        }
        else
        {
            byte opcode = Extended[(int)(random.Next() % (uint)Extended.Length)];
            isBitString = opcode is 0xA3 or 0xAB or 0xB3 or 0xBB;
            // The registers that hold no number of bits but an address.
            register = isBitString && register is 0 or 4 or 6 or 7 ? 3 : register;
            code[length++] = 0x0F;
            code[length++] = opcode;
        }

        if (!IsString(code[length - 1], length > 1 && code[length - 2] == 0x0F))
        {
            code[length++] = (byte)((register << RegisterShift) | OperandAtRdi);
        }

        for (int i = 0; i < ImmediateBytes; i++)
        {
            code[length++] = NoOperation; // an immediate, or what follows a shorter instruction
        }

        return length;
    }

    /// <summary>These name no operand: it is at RDI anyway.</summary>
    private static bool IsString(byte opcode, bool isExtended) => !isExtended && opcode is >= 0xA4 and <= 0xAF;

    /// <summary>What lies at the borders of the hypervisor's memory is the firmware's.</summary>
    internal static void Save()
    {
        if (HostileTargets.HostFirst == 0)
        {
            return;
        }

        fixed (Saved* saved = &s_saved)
        {
            Copy((byte*)HostileTargets.HostFirst - HostileTargets.Reach, saved->Below);
            Copy((byte*)HostileTargets.HostFirst + HostileTargets.HostSize, saved->Above);
        }
    }

    internal static void Restore()
    {
        if (HostileTargets.HostFirst == 0)
        {
            return;
        }

        fixed (Saved* saved = &s_saved)
        {
            Copy(saved->Below, (byte*)HostileTargets.HostFirst - HostileTargets.Reach);
            Copy(saved->Above, (byte*)HostileTargets.HostFirst + HostileTargets.HostSize);
        }
    }

    private static void Copy(byte* from, byte* to)
    {
        for (int i = 0; i < HostileTargets.Reach; i += sizeof(ulong))
        {
            *(ulong*)(to + i) = *(ulong*)(from + i);
        }
    }
}
