namespace Hypervisor.Core.Guest.Decoding;

/// <summary>
/// The forms of MOV that compilers use on device registers, recognised in a few instructions: MOV r/m, r (88, 89), MOV r, r/m (8A, 8B) and MOV r/m, imm (C6, C7 /0) in
/// 64-bit code, with at most prefix 66 and a REX prefix. <see cref="MemoryInstruction"/> knows all the others.
/// </summary>
/// <remarks>Intel SDM vol 2, MOV, and tables 2-2 and 2-3; AMD APM vol 3, MOV.</remarks>
public unsafe struct PlainMove
{
    /// <summary>Bytes that may be read: the longest of these forms, two prefixes, ModRM, SIB, displacement and immediate included, in two words of eight.</summary>
    public const int MaximumLength = 16;

    private const byte OperandSizePrefix = 0x66;
    private const byte RexFirst = 0x40;
    private const byte RexMask = 0xF0;
    private const byte StoreRegister = 0x88;
    private const byte Load = 0x8A;
    private const byte StoreImmediate = 0xC6;
    private const byte FullSizeBit = 1;
    private const int SibFollows = 4;
    private const int NoBase = 5;
    private const int NoIndex = 4;
    private const int HighByteBase = 4;

    /// <summary>Bytes of the instruction; 0 where it is none of these forms, and then nothing else means anything.</summary>
    public int Length { get; private set; }

    /// <summary>Bytes of memory: 1, 2, 4 or 8.</summary>
    public int Size { get; private set; }

    /// <summary>Memory is written; otherwise it is read.</summary>
    public bool IsStore { get; private set; }

    /// <summary>Number of the general register stored or loaded; negative where <see cref="Immediate"/> is stored.</summary>
    public int Register { get; private set; }

    /// <summary>The value stored where it is no register's, sign-extended.</summary>
    public ulong Immediate { get; private set; }

    /// <summary>Linear address of the operand.</summary>
    public ulong Address { get; private set; }

    /// <summary>Recognises an instruction.</summary>
    /// <param name="code">Its bytes, of which <see cref="MaximumLength"/> can be read. They are read once: another processor may write them meanwhile.</param>
    /// <param name="registers">The general registers, RSP among them.</param>
    /// <param name="rip">Address of the instruction.</param>
    public static PlainMove Decode(byte* code, ulong* registers, ulong rip)
    {
        Words copy = new() { First = *(ulong*)code, Second = *((ulong*)code + 1) };
        byte* start = (byte*)&copy;
        byte* at = start;
        bool narrow = *at == OperandSizePrefix;
        if (narrow)
        {
            at++;
        }

        RexPrefix rex = default;
        if ((*at & RexMask) == RexFirst)
        {
            rex = new RexPrefix(*at);
            at++;
        }

        byte opcode = *at++;
        PlainMove move = default;
        move.Size = (opcode & FullSizeBit) == 0 ? sizeof(byte) : rex.Wide ? sizeof(ulong) : narrow ? sizeof(ushort) : sizeof(uint);
        ModRm modRm = new(*at++);
        if (!modRm.IsMemory)
        {
            return default;
        }

        switch (opcode & ~FullSizeBit)
        {
            case Load:
                break;
            case StoreRegister:
                move.IsStore = true;
                break;
            case StoreImmediate when modRm.Reg == 0:
                move.IsStore = true;
                move.Register = -1;
                break;
            default:
                return default;
        }

        if (move.Register == 0)
        {
            move.Register = modRm.Reg + rex.RegExtension;
            if (move.Size == sizeof(byte) && !rex.Exists && move.Register >= HighByteBase)
            {
                return default; // AH, CH, DH, BH
            }
        }

        at = move.SetAddress(at, modRm, rex, registers);
        if (move.Register < 0)
        {
            move.Immediate = move.Size switch
            {
                sizeof(byte) => (ulong)(long)*(sbyte*)at,
                sizeof(ushort) => (ulong)(long)*(short*)at,
                _ => (ulong)(long)*(int*)at,
            };
            at += move.Size == sizeof(ulong) ? sizeof(uint) : move.Size;
        }

        move.Length = (int)(at - start);
        if (modRm.Mod == 0 && modRm.Rm == NoBase)
        {
            move.Address += rip + (ulong)move.Length;
        }

        return move;
    }

    /// <summary>Adds up the address, but for RIP.</summary>
    /// <returns>What follows the operand.</returns>
    private byte* SetAddress(byte* at, ModRm modRm, RexPrefix rex, ulong* registers)
    {
        int field = modRm.Rm;
        if (field == SibFollows)
        {
            Sib sib = new(*at++);
            int index = sib.Index + rex.IndexExtension;
            Address = index == NoIndex ? 0 : registers[index] * (ulong)sib.Scale;
            field = sib.Base;
        }

        if (modRm.Mod == 0 && field == NoBase)
        {
            Address += (ulong)(long)*(int*)at;
            return at + sizeof(int);
        }

        Address += registers[field + rex.BaseExtension];
        switch (modRm.Mod)
        {
            case 0:
                return at;
            case 1:
                Address += (ulong)(long)*(sbyte*)at;
                return at + sizeof(sbyte);
            default:
                Address += (ulong)(long)*(int*)at;
                return at + sizeof(int);
        }
    }

    private struct Words
    {
        internal ulong First;
        internal ulong Second;
    }
}
