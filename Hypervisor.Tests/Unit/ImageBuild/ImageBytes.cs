using System;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Hypervisor.Tool.ImageBuild;

namespace Hypervisor.Tests.Unit.ImageBuild;

/// <summary>
/// A small good image: headers, <c>.text</c> at 1000h, <c>.rdata</c> at 2000h, <c>.reloc</c> at 3000h, each of one file block. Tests spoil
/// a word of it.
/// </summary>
internal sealed class ImageBytes
{
    public const int Machine = FileHeader;
    public const int Characteristics = FileHeader + 18;
    public const int EntryPoint = Optional + 16;
    public const int InitializedDataSize = Optional + 8;
    public const int SectionAlignment = Optional + 32;
    public const int ImageSize = Optional + 56;
    public const int HeadersSize = Optional + 60;
    public const int CheckSum = Optional + 64;
    public const int Subsystem = Optional + 68;
    public const int DllCharacteristics = Optional + 70;
    public const int Directories = Optional + 112;
    public const int TextFlags = Sections + 36;
    public const int DataFlags = Sections + 40 + 36;

    public const uint TextAddress = 0x1000;
    public const ulong Base = 0x1_4000_0000;

    private const int FileHeader = 0x44;
    private const int Optional = 0x58;
    private const int Sections = Optional + 240;
    private const int Block = 0x200;

    private readonly StringBuilder _map = new(" hv\n\n Preferred load address is 0000000140000000\n\n");

    public ImageBytes(params byte[] code)
    {
        "MZ"u8.CopyTo(File);
        Set32(0x3C, 0x40);
        "PE"u8.CopyTo(File.AsSpan(0x40));
        Set16(Machine, PeImage.MachineAmd64);
        Set16(FileHeader + 2, 3);
        Set16(FileHeader + 16, 240);
        Set16(Characteristics, 0x22);
        Set16(Optional, 0x20B);
        Set32(EntryPoint, TextAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(File.AsSpan(Optional + 24), Base);
        Set32(InitializedDataSize, 2 * Block);
        Set32(SectionAlignment, 0x1000);
        Set32(Optional + 36, Block);
        Set32(ImageSize, 0x4000);
        Set32(HeadersSize, Block);
        Set32(CheckSum, 0x12345678);
        Set16(Subsystem, 12);
        Set16(DllCharacteristics, 0x160);
        Set32(Optional + 108, 16);
        Set32(Directories + (5 * 8), 0x3000);
        Set32(Directories + (5 * 8) + 4, 12);
        Section(0, ".text", 0x6000_0020, code.Length);
        Section(1, ".rdata", 0x4000_0040, 16);
        Section(2, ".reloc", 0x4200_0040, 12);
        code.CopyTo(File, Block);
    }

    public byte[] File { get; } = new byte[4 * Block];

    public string Map => _map.ToString();

    public PeImage Image => new("test.efi", File);

    public ImageBytes Set16(int offset, ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(File.AsSpan(offset), value);
        return this;
    }

    public ImageBytes Set32(int offset, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(File.AsSpan(offset), value);
        return this;
    }

    public ImageBytes Symbol(string name, uint offset, string section = "0001")
    {
        ulong address = Base + TextAddress + offset;
        _map.Append(CultureInfo.InvariantCulture, $" {section}:{offset:x8}       {name,-26} {address:x16}     test.obj\n");
        return this;
    }

    private void Section(int index, string name, uint flags, int size)
    {
        int header = Sections + (index * 40);
        Encoding.ASCII.GetBytes(name).CopyTo(File, header);
        Set32(header + 8, (uint)size);
        Set32(header + 12, 0x1000 * (uint)(index + 1));
        Set32(header + 16, Block);
        Set32(header + 20, Block * (uint)(index + 1));
        Set32(header + 36, flags);
    }
}
