using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Cryptography;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Devices.Ahci;

/// <summary>
/// The keys that rules name: given in the configuration, or made of a passphrase that is asked for at boot (PBKDF2 with HMAC-SHA-256, RFC 8018 §5.2). They never leave the host.
/// </summary>
public sealed class DiskKeys
{
    /// <summary>Keys there is room for.</summary>
    public const int Capacity = 4;

    /// <summary>No key.</summary>
    public const int None = -1;

    /// <summary>Longest name.</summary>
    public const int MaximumName = 16;

    /// <summary>Least number of iterations for a passphrase.</summary>
    public const int MinimumIterations = 1000;

    /// <summary>Greatest number of iterations for a passphrase.</summary>
    public const int MaximumIterations = 100_000_000;

    private const int MaximumPrompt = 32;
    private const int MaximumOption = 192;

    private readonly DiskKey[] _keys = new DiskKey[Capacity];
    private readonly byte[] _names = new byte[Capacity * MaximumName];
    private readonly byte[] _salts = new byte[Capacity * DiskKeyReader.MaximumSalt];
    private readonly byte[] _checks = new byte[Capacity * DiskKeyCheck.Size];
    private readonly byte[] _secrets = new byte[Capacity * AesXts.LongKeySize];
    private readonly byte[] _prompt = new byte[MaximumPrompt];
    private readonly AesXts _first = new();
    private readonly AesXts _second = new();
    private readonly AesXts _third = new();
    private readonly AesXts _fourth = new();
    private int _count;

    /// <summary>Number of keys that are named.</summary>
    public int Count => _count;

    /// <summary>The number of a key; it gets one when it is named for the first time, be it by a rule.</summary>
    /// <returns><see cref="None"/> where there is no room, or the name is too long.</returns>
    public int Find(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < _count; i++)
        {
            if (AsciiText.Same(Name(i), name))
            {
                return i;
            }
        }

        if (_count == Capacity || name.IsEmpty || name.Length > MaximumName)
        {
            return None;
        }

        name.CopyTo(new Span<byte>(_names).Slice(_count * MaximumName, name.Length));
        _keys[_count].NameLength = name.Length;
        return _count++;
    }

    /// <summary>The name of a key.</summary>
    public ReadOnlySpan<byte> Name(int key) => new ReadOnlySpan<byte>(_names).Slice(key * MaximumName, _keys[key].NameLength);

    /// <summary>What encrypts with a key.</summary>
    public AesXts Cipher(int key) => key switch
    {
        0 => _first,
        1 => _second,
        2 => _third,
        _ => _fourth,
    };

    /// <summary>Whether a key can be used.</summary>
    public bool IsUsable(int key) => (uint)key < (uint)_count && Cipher(key).HasKey;

    /// <summary>What a passphrase is needed for: the first key that lacks its own; empty where none does.</summary>
    public ReadOnlySpan<byte> WantedPassphrase
    {
        get
        {
            int key = FirstWanted();
            if (key == None)
            {
                return default;
            }

            TextBuffer text = new(new Span<byte>(_prompt));
            text.Append("disk key "u8);
            text.Append(Name(key));
            return new ReadOnlySpan<byte>(_prompt).Slice(0, text.Length);
        }
    }

    /// <summary>Makes the key of a passphrase, and an option of the key: it is another object that will use it, so this one forgets it.</summary>
    /// <param name="passphrase">The passphrase.</param>
    /// <param name="option">Where the option goes.</param>
    /// <returns>Its bytes; 0 where the passphrase is wrong: with another key the disk would read as noise, and what is written to it would be lost.</returns>
    public int TakePassphrase(ReadOnlySpan<byte> passphrase, Span<byte> option)
    {
        int key = FirstWanted();
        if (key == None || passphrase.IsEmpty || option.Length < MaximumOption)
        {
            return 0;
        }

        Span<byte> secret = Secret(key).Slice(0, _keys[key].Size);
        Pbkdf2.Derive(passphrase, Salt(key).Slice(0, _keys[key].SaltLength), _keys[key].Iterations, secret);
        if (!DiskKeyCheck.Matches(secret, Check(key)))
        {
            SecretBytes.Wipe(secret);
            return 0;
        }

        TextBuffer text = new(option);
        text.Append("key="u8);
        text.Append(Name(key));
        text.Append(_keys[key].Size == AesXts.ShortKeySize ? ", aes-xts-128, hex "u8 : ", aes-xts-256, hex "u8);
        for (int i = 0; i < secret.Length; i++)
        {
            text.AppendHex(secret[i], 2);
        }

        SecretBytes.Wipe(secret);
        _keys[key].IsAsked = true;
        return text.Length;
    }

    /// <summary>Takes a key of the configuration.</summary>
    /// <returns>False where it is none, or the name has one already.</returns>
    public bool TryAdd(ReadOnlySpan<byte> value)
    {
        DiskKeyReader reader = default;
        int key = reader.TryRead(value) ? Find(reader.Name) : None;
        if (key == None)
        {
            return false;
        }

        // The key of a passphrase comes as another option behind the one that says how to ask for it.
        bool isAnswer = _keys[key].Iterations != 0 && !_keys[key].HasSecret && reader.Iterations == 0;
        if (_keys[key].Size != 0 && !isAnswer)
        {
            return false;
        }

        _keys[key].Size = reader.Size;
        if (reader.Iterations == 0)
        {
            _keys[key].HasSecret = AsciiText.TryReadHex(reader.Key, Secret(key), out _);
            return _keys[key].HasSecret;
        }

        _keys[key].Iterations = reader.Iterations;
        return AsciiText.TryReadHex(reader.Salt, Salt(key), out _keys[key].SaltLength) && AsciiText.TryReadHex(reader.Check, Check(key), out _);
    }

    /// <summary>Gives the ciphers their keys, when the processor they run on is there.</summary>
    public void Prepare()
    {
        for (int i = 0; i < _count; i++)
        {
            if (_keys[i].HasSecret && !Cipher(i).HasKey)
            {
                _ = Cipher(i).SetKey(Secret(i).Slice(0, _keys[i].Size));
                SecretBytes.Wipe(Secret(i));
            }
        }
    }

    /// <summary>Forgets the keys that no cipher has been given: none of them can be used any more.</summary>
    public void Forget()
    {
        SecretBytes.Wipe(new Span<byte>(_secrets));
        for (int i = 0; i < _count; i++)
        {
            _keys[i].HasSecret = false;
        }
    }

    private int FirstWanted()
    {
        for (int i = 0; i < _count; i++)
        {
            if (_keys[i].Iterations != 0 && !_keys[i].HasSecret && !_keys[i].IsAsked)
            {
                return i;
            }
        }

        return None;
    }

    private Span<byte> Salt(int key) => new Span<byte>(_salts).Slice(key * DiskKeyReader.MaximumSalt, DiskKeyReader.MaximumSalt);

    private Span<byte> Check(int key) => new Span<byte>(_checks).Slice(key * DiskKeyCheck.Size, DiskKeyCheck.Size);

    private Span<byte> Secret(int key) => new Span<byte>(_secrets).Slice(key * AesXts.LongKeySize, AesXts.LongKeySize);
}
