using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Cryptography;
using Hypervisor.Core.Mediation;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Uefi.Loading;

/// <summary>Asks for the boot password, and for passphrases of mediators, on the firmware's console (L13). What is typed is not shown.</summary>
public static unsafe class PasswordPrompt
{
    private const int Capacity = 128;
    private const int MaximumOption = 256;
    private const nuint PollMicroseconds = 5_000;
    private const char Enter = '\r';
    private const char LineFeed = '\n';
    private const char Backspace = '\b';
    private const char FirstPrintable = ' ';
    private const char LastAscii = '~';

    private static Buffer s_typed;

    private struct Buffer
    {
        public fixed byte Bytes[Capacity];
    }

    /// <summary>Asks until the password is right or the tries are used up.</summary>
    /// <returns>Whether it was right.</returns>
    public static bool Ask(Firmware firmware, ref HostOptions options)
    {
        EfiSimpleTextInput* input = Open(firmware);
        for (uint left = input == null ? 0 : options.PasswordTries; left != 0; left--)
        {
            firmware.Print("hv: password: "u8);
            Span<byte> typed = Read(firmware, input);
            firmware.Print("\n"u8);
            bool isRight = options.Password.Matches(typed);
            SecretBytes.Wipe(typed);
            if (isRight)
            {
                return true;
            }

            Refuse(firmware, left);
        }

        return false;
    }

    /// <summary>Asks for a passphrase of a mediator until it is right or the tries are used up.</summary>
    /// <param name="firmware">The console.</param>
    /// <param name="mediator">Who wants it.</param>
    /// <param name="options">How many tries there are.</param>
    /// <param name="configuration">Where it is noted what the mediator has made of it.</param>
    /// <returns>Whether it was right.</returns>
    public static bool Ask(Firmware firmware, Mediator mediator, ref HostOptions options, ref MediatorConfiguration configuration)
    {
        EfiSimpleTextInput* input = Open(firmware);
        Span<byte> option = stackalloc byte[MaximumOption];
        for (uint left = input == null ? 0 : options.PasswordTries; left != 0; left--)
        {
            firmware.Print("hv: passphrase for "u8);
            firmware.Print(mediator.WantedPassphrase);
            firmware.Print(": "u8);
            Span<byte> typed = Read(firmware, input);
            firmware.Print("\n"u8);
            int length = mediator.TakePassphrase(typed, option);
            SecretBytes.Wipe(typed);
            bool isNoted = length > 0 && configuration.TryNoteOption(mediator.Name, option.Slice(0, length));
            SecretBytes.Wipe(option);
            if (isNoted)
            {
                return true;
            }

            Refuse(firmware, left);
        }

        return false;
    }

    /// <summary>The keyboard; null where there is none.</summary>
    private static EfiSimpleTextInput* Open(Firmware firmware)
    {
        // A driver is loaded before the firmware connects its consoles.
        firmware.ConnectAll();
        EfiSimpleTextInput* input = firmware.Input;
        if (input == null)
        {
            firmware.Print("hv: there is no keyboard to type on\n"u8);
            return null;
        }

        input->Reset(input, 0); // nothing typed before the question counts
        return input;
    }

    private static void Refuse(Firmware firmware, uint left) => firmware.Print(left == 1 ? "hv: wrong; no tries are left\n"u8 : "hv: wrong\n"u8);

    private static Span<byte> Read(Firmware firmware, EfiSimpleTextInput* input)
    {
        fixed (byte* typed = s_typed.Bytes)
        {
            int length = 0;
            while (true)
            {
                EfiInputKey key;
                if (input->ReadKeyStroke(input, &key) != EfiStatus.Success)
                {
                    firmware.Services->Stall(PollMicroseconds);
                }
                else if (key.Character is Enter or LineFeed)
                {
                    return new Span<byte>(typed, length);
                }
                else if (key.Character == Backspace)
                {
                    length -= length > 0 ? 1 : 0;
                    typed[length] = 0; // the caller wipes no more than it is given
                }
                else if (key.Character is >= FirstPrintable and <= LastAscii && length < Capacity)
                {
                    typed[length++] = (byte)key.Character;
                }
            }
        }
    }
}
