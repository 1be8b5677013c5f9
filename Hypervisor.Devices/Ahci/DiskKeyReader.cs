using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Cryptography;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// Reads a key of the configuration: <c>NAME, aes-xts-128 | aes-xts-256, hex KEY</c>, or <c>NAME, ..., passphrase, salt HEX, iterations N, check HEX</c>. It keeps no byte of a key: what is in
/// hexadecimal is checked, and left where it is.
/// </summary>
public ref struct DiskKeyReader
{
    /// <summary>Longest salt.</summary>
    public const int MaximumSalt = 64;

    private const int MinimumSalt = 16;
    private const int DigitsPerByte = 2;

    private ReadOnlySpan<byte> _rest;

    /// <summary>What is accepted, for messages.</summary>
    public static ReadOnlySpan<byte> Forms =>
        "NAME, aes-xts-128 or aes-xts-256, hex KEY; or NAME, ..., passphrase, salt HEX, iterations N, check HEX ('hv disk-key' makes it); at most 4 names"u8;

    private static ReadOnlySpan<byte> Ciphers => "aes-xts-128 or aes-xts-256"u8;

    /// <summary>The name.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>Bytes of the key.</summary>
    public int Size { get; private set; }

    /// <summary>The key in hexadecimal; empty where it is made of a passphrase.</summary>
    public ReadOnlySpan<byte> Key { get; private set; }

    /// <summary>With a passphrase: the salt in hexadecimal.</summary>
    public ReadOnlySpan<byte> Salt { get; private set; }

    /// <summary>With a passphrase: what the key is checked by, in hexadecimal.</summary>
    public ReadOnlySpan<byte> Check { get; private set; }

    /// <summary>Iterations for the passphrase; 0 where there is none.</summary>
    public uint Iterations { get; private set; }

    /// <summary>Reads one.</summary>
    /// <returns>False where it is none.</returns>
    public bool TryRead(ReadOnlySpan<byte> value)
    {
        _rest = value;
        Name = Next();
        int cipher = WordChoice.Find(Next(), Ciphers);
        Size = cipher == 0 ? AesXts.ShortKeySize : AesXts.LongKeySize;
        ReadOnlySpan<byte> source = Next();
        bool fine = TryTake(source, "hex "u8, out ReadOnlySpan<byte> key)
            ? IsHex(key, Size, Size)
            : AsciiText.Same(source, "passphrase"u8) && TryReadPassphrase();
        Key = key;
        return fine && cipher >= 0 && Name.Length is > 0 and <= DiskKeys.MaximumName && _rest.IsEmpty;
    }

    private bool TryReadPassphrase()
    {
        bool fine = TryTake(Next(), "salt "u8, out ReadOnlySpan<byte> salt) & IsHex(salt, MinimumSalt, MaximumSalt);
        fine &= TryTake(Next(), "iterations "u8, out ReadOnlySpan<byte> iterations);
        fine &= NumberValue.Read(iterations, DiskKeys.MinimumIterations, DiskKeys.MaximumIterations, out ulong number).Length == 0;
        fine &= TryTake(Next(), "check "u8, out ReadOnlySpan<byte> check) & IsHex(check, DiskKeyCheck.Size, DiskKeyCheck.Size);
        Salt = salt;
        Check = check;
        Iterations = (uint)number;
        return fine;
    }

    private static bool IsHex(ReadOnlySpan<byte> text, int least, int most)
    {
        bool fine = text.Length % DigitsPerByte == 0 && text.Length >= least * DigitsPerByte && text.Length <= most * DigitsPerByte;
        for (int i = 0; i < text.Length; i++)
        {
            fine &= AsciiText.HexDigit(text[i]) >= 0;
        }

        return fine;
    }

    private static bool TryTake(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word, out ReadOnlySpan<byte> rest)
    {
        bool begins = AsciiText.StartsWith(text, word);
        rest = begins ? AsciiText.Trim(text.Slice(word.Length)) : default;
        return begins;
    }

    /// <summary>What is up to the next comma.</summary>
    private ReadOnlySpan<byte> Next()
    {
        int comma = _rest.IndexOf((byte)',');
        ReadOnlySpan<byte> item = AsciiText.Trim(comma < 0 ? _rest : _rest.Slice(0, comma));
        _rest = comma < 0 ? default : _rest.Slice(comma + 1);
        return item;
    }
}
