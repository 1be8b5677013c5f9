namespace Hypervisor.Core.Guest.Decoding;

/// <summary>
/// The two forms in which compilers store 32 bits, recognised in a few instructions: MOV r/m32, r32 (89 /r) and MOV r/m32, imm32 (C7 /0), in 64-bit code, with at
/// most a REX prefix without W. <see cref="MemoryInstruction"/> knows all the others.
/// </summary>
public readonly struct PlainStore
{
    private const byte RexFirst = 0x40;
    private const byte RexMask = 0xF0;
    private const byte RexWide = 0x08;
    private const byte RexRegister = 0x04;
    private const byte StoreRegister = 0x89;
    private const byte StoreImmediate = 0xC7;
    private const int ImmediateSize = 4;
    private const int SibFollows = 4;
    private const int NoBase = 5;

    private PlainStore(int length, int register, uint immediate)
    {
        Length = length;
        Register = register;
        Immediate = immediate;
    }

    /// <summary>Bytes of the instruction; 0 where it is none of these forms.</summary>
    public int Length { get; }

    /// <summary>Number of the general register stored; negative where <see cref="Immediate"/> is.</summary>
    public int Register { get; }

    /// <summary>The value stored where it is no register's.</summary>
    public uint Immediate { get; }

    /// <summary>Bytes that may be read: the longest of these forms.</summary>
    public const int MaximumLength = 1 + 1 + 1 + 1 + 4 + ImmediateSize;

    /// <summary>Recognises the instruction at <paramref name="code"/>, where <see cref="MaximumLength"/> bytes can be read.</summary>
    public static unsafe PlainStore Decode(byte* code)
    {
        byte* at = code;
        int high = 0;
        if ((*at & RexMask) == RexFirst)
        {
            if ((*at & RexWide) != 0)
            {
                return default;
            }

            high = (*at & RexRegister) != 0 ? 8 : 0;
            at++;
        }

        byte opcode = *at++;
        if (opcode is not (StoreRegister or StoreImmediate))
        {
            return default;
        }

        int modRm = *at++;
        int mode = modRm >> 6;
        int register = (modRm >> 3) & 7;
        if (mode == 3)
        {
            return default;
        }

        bool displacement32 = mode == 2 || (mode == 0 && (modRm & 7) == NoBase);
        if ((modRm & 7) == SibFollows)
        {
            displacement32 |= mode == 0 && (*at & 7) == NoBase;
            at++;
        }

        at += displacement32 ? 4 : mode;
        if (opcode == StoreRegister)
        {
            return new PlainStore((int)(at - code), register | high, 0);
        }

        return register != 0 ? default : new PlainStore((int)(at - code) + ImmediateSize, -1, *(uint*)at);
    }
}
