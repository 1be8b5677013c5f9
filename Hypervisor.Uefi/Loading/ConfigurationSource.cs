using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Cryptography;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Uefi.Loading;

/// <summary>
/// Where the configuration comes from (L12): the image's load options, else the file hv.cfg beside it, else the variable HvConfig of the project's vendor GUID;
/// else there is none.
/// </summary>
public static unsafe class ConfigurationSource
{
    private const int Capacity = ConfigurationParser.MaximumSize;

    private static TextBuffer s_text;

    // One byte more than is taken: a text that fills it is too long.
    private struct TextBuffer
    {
        public fixed byte Bytes[Capacity + 1];
    }

    /// <summary>Reads the configuration's text.</summary>
    /// <param name="firmware">The firmware.</param>
    /// <param name="origin">Where it comes from.</param>
    /// <returns>The text, good until <see cref="Wipe"/>; empty where there is none, longer than <see cref="ConfigurationParser.MaximumSize"/> where it is too long.</returns>
    public static ReadOnlySpan<byte> Read(Firmware firmware, out ConfigurationOrigin origin)
    {
        EfiLoadedImage* image = firmware.LoadedImage;
        origin = ConfigurationOrigin.LoadOptions;
        int length = ReadLoadOptions(image);
        if (length == 0)
        {
            origin = ConfigurationOrigin.File;
            length = ReadFile(firmware, image);
        }

        if (length == 0)
        {
            origin = ConfigurationOrigin.Variable;
            length = ReadVariable(firmware);
        }

        origin = length == 0 ? ConfigurationOrigin.Defaults : origin;
        return Text.Slice(0, length);
    }

    /// <summary>Forgets the text, and the load options where it came from them: secrets and keys must not stay where the guest can read.</summary>
    /// <param name="firmware">The firmware.</param>
    /// <param name="origin">Where the text came from.</param>
    public static void Wipe(Firmware firmware, ConfigurationOrigin origin)
    {
        SecretBytes.Wipe(Text);
        EfiLoadedImage* image = firmware.LoadedImage;
        if (origin == ConfigurationOrigin.LoadOptions)
        {
            SecretBytes.Wipe(new Span<byte>(image->LoadOptions, (int)image->LoadOptionsSize));
        }
    }

    private static Span<byte> Text
    {
        get
        {
            fixed (byte* text = s_text.Bytes)
            {
                return new Span<byte>(text, Capacity + 1);
            }
        }
    }

    /// <summary>
    /// Load options are UTF-16 text. The Shell puts the command line in front: text without '=' is not meant for the configuration.
    /// </summary>
    private static int ReadLoadOptions(EfiLoadedImage* image)
    {
        char* options = (char*)image->LoadOptions;
        int count = (int)Math.Min(image->LoadOptionsSize / sizeof(char), Capacity + 1);
        bool assignment = false;
        Span<byte> text = Text;
        int length = 0;
        for (; length < count && options[length] != 0; length++)
        {
            text[length] = options[length] < 0x7F ? (byte)options[length] : (byte)'?';
            assignment |= options[length] == '=';
        }

        return assignment ? length : 0;
    }

    private static int ReadFile(Firmware firmware, EfiLoadedImage* image)
    {
        EfiSimpleFileSystem* volume = (EfiSimpleFileSystem*)firmware.Protocol(image->DeviceHandle, EfiGuid.SimpleFileSystem);
        FilePath path = default;
        EfiFile* root;
        EfiFile* file;
        if (volume == null || !path.SetBeside(image) || volume->OpenVolume(volume, &root) != EfiStatus.Success)
        {
            return 0;
        }

        int length = 0;
        if (root->Open(root, &file, path.Characters, EfiFile.ReadMode, 0) == EfiStatus.Success)
        {
            nuint size = Capacity + 1;
            fixed (byte* text = s_text.Bytes)
            {
                length = file->Read(file, &size, text) == EfiStatus.Success ? (int)size : 0;
            }

            file->Close(file);
        }

        root->Close(root);
        return length;
    }

    private static int ReadVariable(Firmware firmware)
    {
        EfiGuid vendor = EfiGuid.Hv;
        nuint size = Capacity + 1;
        EfiVariableAttributes attributes;
        fixed (char* name = "HvConfig")
        fixed (byte* text = s_text.Bytes)
        {
            EfiStatus status = firmware.Runtime->GetVariable(name, &vendor, &attributes, &size, text);
            return status == EfiStatus.Success ? (int)size : status == EfiStatus.BufferTooSmall ? Capacity + 1 : 0;
        }
    }
}
