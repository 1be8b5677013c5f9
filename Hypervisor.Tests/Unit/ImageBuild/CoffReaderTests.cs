using System;
using System.Linq;
using Hypervisor.Tool.Hosting;
using Hypervisor.Tool.ImageBuild;
using Xunit;

namespace Hypervisor.Tests.Unit.ImageBuild;

public class CoffReaderTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Sections_symbols_and_relocations_come_back(bool big)
    {
        ObjectBuilder builder = new();
        int code = builder.Section(".managedcode$I", ObjectBuilder.CodeFlags, 0xE8, 0, 0, 0, 0, 0xC3);
        int data = builder.Section(".rdata", ObjectBuilder.ReadOnlyFlags | 0x1000, new byte[8]);
        builder.SectionSymbol(".rdata", data).Symbol("a_function_with_a_long_name", code, 0).Relocation(code, 1, "elsewhere")
            .Relocation(data, 0, "a_function_with_a_long_name", ObjectBuilder.Address64);

        CoffFile file = builder.Read(big);
        Assert.Equal([".managedcode$I", ".rdata"], file.Sections.Select(s => s.Name));
        Assert.True(file.Sections[0].IsCode && !file.Sections[0].IsComdat && file.Sections[1].IsComdat);
        Assert.Equal(6, file.Sections[0].Data.Length);
        Assert.Equal([".rdata", "", "a_function_with_a_long_name", "elsewhere"], file.Symbols.Select(s => s.Name));
        Assert.True(file.Symbols[0].IsSection && file.Symbols[2].IsPlace && file.Symbols[3].IsUndefined);
        Assert.Equal(new CoffRelocation(1, 3, ObjectBuilder.Rel32), Assert.Single(file.Sections[0].Relocations));
        Assert.Equal(new CoffRelocation(0, 2, ObjectBuilder.Address64), Assert.Single(file.Sections[1].Relocations));
    }

    [Fact]
    public void What_the_writer_of_stubs_writes_can_be_read()
    {
        CoffObject stubs = new();
        stubs.AddFunction("first", [0xE8, 0, 0, 0, 0], [(1, "outside")], [("inner", 2)]);
        stubs.AddFunction("second", [0xC3], [], []);
        CoffFile file = CoffReader.Read("stubs.obj", stubs.ToArray());
        Assert.Equal([("first", 0u), ("inner", 2u), ("second", 16u)], file.Symbols.Where(s => s.IsPlace).Select(s => (s.Name, s.Value)));
        Assert.Equal("outside", Assert.Single(file.Symbols, s => s.IsUndefined).Name);
    }

    [Fact]
    public void More_than_65534_relocations_are_counted_in_the_first()
    {
        ObjectBuilder builder = new();
        int section = builder.Section(".data", ObjectBuilder.WritableFlags | 0x0100_0000, new byte[8]);
        for (int i = 0; i < 0xFFFF; i++)
        {
            builder.Relocation(section, i == 0 ? 0xFFFFu : 0, "x");
        }

        Assert.Equal(0xFFFE, builder.Read().Sections[0].Relocations.Count);
    }

    [Fact]
    public void Damage_is_named()
    {
        ObjectBuilder builder = new();
        int code = builder.Section(".text", ObjectBuilder.CodeFlags, 0xC3);
        byte[] file = builder.Symbol("f", code, 0).Relocation(code, 0, "g").Write();
        string message = Assert.Throws<HvException>(() => CoffReader.Read("bad.obj", file[..30])).Message;
        Assert.StartsWith("bad.obj is not a COFF object", message, StringComparison.Ordinal);
        file[0] = 0x4C;
        message = Assert.Throws<HvException>(() => CoffReader.Read("bad.obj", file)).Message;
        Assert.Contains("not for x86-64", message, StringComparison.Ordinal);
    }
}
