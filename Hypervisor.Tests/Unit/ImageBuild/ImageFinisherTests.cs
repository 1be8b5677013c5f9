using System;
using System.Buffers.Binary;
using System.Linq;
using System.Text;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.ImageBuild;
using Xunit;

namespace Hypervisor.Tests.Unit.ImageBuild;

/// <summary>
/// Checks of the linked image: a good one passes with its symbols embedded, and each bad one is refused with the sentence that says so.
/// </summary>
public unsafe class ImageFinisherTests
{
    private const string Root = "SvmExitEntry";
    private const string Start = ".text: SvmExitEntry+0h (image offset 1000h) is ";
    private const string NotMovable = "the base relocations are stripped; they must be there, the host moves its image to a private copy";
    private static readonly byte[] s_code = [0x31, 0xC0, 0xC3, 0xCC, 0x90, 0xC3];
    private static readonly ImageRules s_rules = new() { Roots = [Root], Code16 = ["short_code"] };

    [Fact]
    public void A_good_image_passes_and_grows_by_the_symbols_only()
    {
        ImageBytes bytes = Good();
        FinishedImage finished = Finish(bytes);
        PeImage image = new("out.efi", finished.File);
        Assert.Equal([".text", ".rdata", ".reloc", ".hvsyms"], image.Sections.Select(s => s.Name));
        PeSection symbols = image.Sections[3];
        Assert.Equal(0x4000u, symbols.VirtualAddress);
        Assert.Equal(0x4000_0040u, symbols.Characteristics);
        Assert.Equal(0x5000u, image.ImageSize);
        Assert.Equal(0x800u, symbols.RawOffset);
        Assert.Equal(symbols.RawOffset + symbols.RawSize, (uint)finished.File.Length);
        Assert.Equal(3 * 0x200u, BinaryPrimitives.ReadUInt32LittleEndian(finished.File.AsSpan(ImageBytes.InitializedDataSize)));
        Assert.Equal(0u, BinaryPrimitives.ReadUInt32LittleEndian(finished.File.AsSpan(ImageBytes.CheckSum)));
        Assert.Equal(bytes.File.AsSpan(0x200), finished.File.AsSpan(0x200, bytes.File.Length - 0x200));
        Assert.Empty(PeCheck.Run(image, s_rules));
        Assert.Contains("2 functions (1 on the exit path)", finished.Report, StringComparison.Ordinal);
    }

    [Fact]
    public void The_embedded_symbols_are_what_the_fault_report_finds()
    {
        ImageBytes bytes = Good().Symbol("hv_LongerNameOfTheSame", 0).Symbol("absolute", 0, "0000").Symbol("data", 0x1000, "0002");
        PeImage image = new("out.efi", Finish(bytes).File);
        byte[] table = image.Content(image.Sections[3]).ToArray();
        Assert.Equal(("", 0u), Find(table, 0xFFF));
        Assert.Equal((Root, 0u), Find(table, 0x1000));
        Assert.Equal((Root, 3u), Find(table, 0x1003));
        Assert.Equal(("hv_Some_Type__Method<hv_Some_Other>", 0u), Find(table, 0x1004));
        Assert.Equal(("hv_Some_Type__Method<hv_Some_Other>", 1u), Find(table, 0x1005));
    }

    [Theory]
    [InlineData(ImageBytes.Machine, 0x14C, "the machine is 014Ch; it must be AMD64, 8664h")]
    [InlineData(ImageBytes.Subsystem, 10, "the subsystem is 10; it must be 12 (EfiRuntimeDriver)")]
    [InlineData(ImageBytes.SectionAlignment, 0x200, "sections are aligned to 200h; it must be 1000h, a page, to protect each for itself")]
    [InlineData(ImageBytes.DllCharacteristics, 0x40, "DLL characteristics are 0040h; NX_COMPAT, 0100h, must be among them")]
    [InlineData(ImageBytes.Characteristics, 0x23, NotMovable)]
    [InlineData(ImageBytes.DllCharacteristics, 0x100, NotMovable)]
    [InlineData(ImageBytes.Directories + (5 * 8) + 4, 0, NotMovable)]
    [InlineData(ImageBytes.Directories + (1 * 8) + 4, 40, "there is a data directory Import at 0h, 40 bytes; none is allowed")]
    [InlineData(ImageBytes.Directories + (12 * 8) + 4, 8, "there is a data directory ImportAddress at 0h, 8 bytes; none is allowed")]
    [InlineData(ImageBytes.Directories + (13 * 8) + 4, 8, "there is a data directory DelayImport at 0h, 8 bytes; none is allowed")]
    [InlineData(ImageBytes.Directories + (9 * 8) + 4, 40, "there is a data directory ThreadLocalStorage at 0h, 40 bytes; none is allowed")]
    [InlineData(ImageBytes.EntryPoint, 0x2000, "the entry point 2000h is in no executable section; it must be")]
    [InlineData(ImageBytes.TextFlags + 2, 0xE000, "section .text at 1000h is writable and executable; a section may be one of the two")]
    [InlineData(ImageBytes.DataFlags - 20, 0x9000, "section .rdata at 2000h ends at 9400h in the file; the file ends at 800h")]
    public void A_bad_header_is_refused(int offset, int value, string sentence)
    {
        ImageBytes bytes = Good();
        bytes.Set16(offset, (ushort)value);
        if (offset == ImageBytes.DataFlags - 20)
        {
            bytes.Set32(offset, 0x400).Set32(offset + 4, 0x9000);
        }

        Assert.Equal([sentence], Assert.Throws<ImageRefusedException>(() => Finish(bytes)).Problems);
    }

    [Theory]
    [InlineData(new byte[] { 0x90, 0xC5, 0xF8, 0x77, 0xC3 }, ".text: SvmExitEntry+1h (image offset 1001h) is vzeroupper in VEX encoding")]
    [InlineData(new byte[] { 0x62, 0xF1, 0x7C, 0x48, 0x58, 0xC1, 0xC3 }, Start + "vaddps zmm0,zmm0,zmm1 in EVEX encoding")]
    [InlineData(new byte[] { 0x8F, 0xE9, 0x78, 0x81, 0xC1, 0xC3 }, Start + "vfrczpd xmm0,xmm1 in XOP encoding")]
    [InlineData(new byte[] { 0x90, 0x06, 0xC3 }, ".text: SvmExitEntry+1h (image offset 1001h) is no instruction: 06C3")]
    [InlineData(new byte[] { 0x90, 0xE8, 0x00 }, ".text: SvmExitEntry+1h (image offset 1001h) is no instruction: E800")]
    public void A_bad_instruction_is_refused(byte[] code, string sentence)
    {
        ImageBytes bytes = new ImageBytes(code).Symbol(Root, 0);
        ImageRefusedException refused = Assert.Throws<ImageRefusedException>(() => Finish(bytes));
        Assert.StartsWith(sentence, Assert.Single(refused.Problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hv_LoadVectorHigh", 0)]
    [InlineData("hv_LoadVector", 1)]
    [InlineData("other", 2)]
    public void Only_their_stubs_touch_the_vector_registers_of_the_guest(string function, int problems)
    {
        byte[] code = [0x0F, 0x10, 0x32, 0xC4, 0xE3, 0x6D, 0x18, 0x12, 0x01, 0xC3]; // MOVUPS XMM6, [RDX]; VINSERTF128 YMM2, YMM2, [RDX], 1
        int found = InstructionProblems(new ImageBytes(code[..3]).Symbol(function, 0)).Length + InstructionProblems(new ImageBytes(code[3..]).Symbol(function, 0)).Length;
        Assert.Equal(problems, found);
    }

    [Fact]
    public void Functions_are_decoded_one_by_one_with_their_own_width()
    {
        // In 16 bits the first is MOV AX, imm16; in 64 bits it would swallow the next function's bytes.
        byte[] code = [0xB8, 0x00, 0x00, 0xC5, 0xF8, 0x77];
        ImageBytes named = new ImageBytes(code).Symbol("short_code", 0).Symbol("next", 3);
        Assert.StartsWith(".text: next+0h", Assert.Single(InstructionProblems(named)), StringComparison.Ordinal);
        ImageBytes early = new ImageBytes([.. code[3..], .. code[..3], 0, 0]).Symbol(Root, 3);
        Assert.StartsWith(".text: the start of .text+0h", Assert.Single(InstructionProblems(early)), StringComparison.Ordinal);
    }

    [Fact]
    public void All_problems_are_told_at_once()
    {
        ObjectBuilder builder = new();
        int code = builder.Section(".text", ObjectBuilder.CodeFlags, 0xE9, 0, 0, 0, 0);
        builder.Symbol(Root, code, 0).Relocation(code, 1, "RhpNewFast");
        ImageBytes bytes = new ImageBytes(0xC5, 0xF8, 0x77, 0xC3).Symbol(Root, 0);
        ImageRefusedException refused = Assert.Throws<ImageRefusedException>(
            () => ImageFinisher.Finish(bytes.Image, bytes.Map, [builder.Read()], s_rules));
        Assert.Equal(3, refused.Problems.Count);
    }

    [Fact]
    public void A_full_header_and_a_map_of_another_image_are_named()
    {
        const string noRoom = "there is no room for the header of section .hvsyms: the headers end at 1C0h of 1D0h";
        Fails(noRoom, () => Finish(Good().Set32(ImageBytes.HeadersSize, 0x1D0)));
        Fails("another image", () => Finish(Good().Symbol("far", 0x10000)));
        Fails("no function", () => Finish(new ImageBytes(s_code)));
        Fails("not a PE32+ image", () => new PeImage("x", new byte[100]));
    }

    [Fact]
    public void Another_kind_of_image_has_its_own_rules()
    {
        ImageBytes bytes = Good().Set16(ImageBytes.Subsystem, 10);
        ImageRules rules = new() { Roots = [], OptionalRoots = [], Subsystem = PeSubsystem.EfiApplication };
        Assert.Contains(".hvsyms", ImageFinisher.Finish(bytes.Image, bytes.Map, [], rules).Report, StringComparison.Ordinal);
    }

    private static ImageBytes Good() => new ImageBytes(s_code).Symbol(Root, 0).Symbol("hv_Some_Type__Method<hv_Some_Other>", 4);

    private static FinishedImage Finish(ImageBytes bytes)
    {
        ObjectBuilder builder = new();
        builder.Symbol(Root, builder.Section(".text", ObjectBuilder.CodeFlags, s_code), 0);
        return ImageFinisher.Finish(bytes.Image, bytes.Map, [builder.Read()], s_rules);
    }

    private static void Fails(string sentence, Func<object> action) =>
        Assert.Contains(sentence, Assert.Throws<HvException>(action).Message, StringComparison.Ordinal);

    private static string[] InstructionProblems(ImageBytes bytes) =>
        [.. InstructionCheck.Run(bytes.Image, LinkerMap.Functions(bytes.Map, bytes.Image), s_rules)];

    private static (string Name, uint Distance) Find(byte[] table, uint offset)
    {
        fixed (byte* start = table)
        {
            ReadOnlySpan<byte> name = SymbolTable.Find(start, (uint)table.Length, offset, out uint distance);
            return (Encoding.UTF8.GetString(name), distance);
        }
    }
}
