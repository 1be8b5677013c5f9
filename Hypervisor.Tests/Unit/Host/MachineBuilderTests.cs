using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Host;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Host;

public sealed unsafe class MachineBuilderTests
{
    public static IEnumerable<object[]> Sizes() =>
        from bits in new[] { 36, 40, 43, 47, 48, 52 }
        from processors in new[] { 1, 2, 31, 32, 255, 256 }
        from region in new[] { 0x2000_0000ul, 0x3FFF_0000ul }
        from image in new[] { 0x1_0000ul, 0x1F_F000ul, 0x40_1000ul }
        where processors > 31 || bits is 40 or 52
        select new object[] { bits, processors, region, image };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void What_it_asks_for_suffices(int bits, int processors, ulong region, ulong image)
    {
        using SimulatedMachine machine = new(new MachineOptions { AddressBits = bits, Processors = processors, RegionBase = region, ImageSize = image });
        Assert.True(machine.Bootstrap.Launched.HasValue, machine.Problem);
        Assert.Equal((uint)processors, machine.Machine->ProcessorCount);
        Assert.True(machine.RegionSize <= (8 << 20) + image + ((ulong)processors << 16));
    }

    [Fact]
    public void Too_little_memory_is_told_and_not_exceeded()
    {
        using NativeRegion region = new(0x2000_0000, 0x100_0000);
        using NativeRegion code = new(0x10000);
        Core.Cpu.Instructions.Processor = new SimulatedProcessor(0, CpuidTable.Tcg(), code.Base, code.Base + 0x100);
        ulong full = MachineBuilder.SharedSize(0x10000, 40, SvmMachine.Pages(40, 0x40_0000), 1) + ProcessorBlock.Size;
        ulong smallestThatWorks = 0;
        for (ulong size = full; size >= 2 * ProcessorBlock.Size; size -= 0x1000)
        {
            new Span<byte>((void*)(region.Base + size), 0x1000).Fill(0xCC);
            BootParameters parameters = new() { RegionBase = region.Base, RegionSize = size & ~0xFFFFul, ImageSize = 0x10000, ProcessorCount = 1 };
            if ((size & 0xFFFF) != 0)
            {
                continue;
            }

            ReadOnlySpan<byte> problem = Virtualization.Launch(&parameters);
            bool launched = ((SimulatedProcessor)Core.Cpu.Instructions.Processor).Launched.HasValue;
            Assert.True(launched || System.Text.Encoding.UTF8.GetString(problem).Contains("not suffice", StringComparison.Ordinal));
            Assert.True(new ReadOnlySpan<byte>((void*)(region.Base + size), 0x1000).IndexOfAnyExcept((byte)0xCC) < 0);
            smallestThatWorks = launched ? size : smallestThatWorks;
            Core.Cpu.Instructions.Processor = new SimulatedProcessor(0, CpuidTable.Tcg(), code.Base, code.Base + 0x100);
        }

        Assert.True(smallestThatWorks > 2 * ProcessorBlock.Size);
        Core.Cpu.Instructions.Processor = null;
    }

    [Fact]
    public void A_processor_that_the_table_does_not_name_is_not_launched()
    {
        const uint unnamed = 0x77;
        using SimulatedMachine machine = new(new MachineOptions { Configure = processor => processor.Apic[SimulatedLocalApic.Id] = unnamed << 24 });
        Assert.Equal("the ACPI processor list does not name the running processor", machine.Problem);
        Assert.Null(machine.Bootstrap.Launched);
    }

    [Fact]
    public void Processors_have_blocks_of_their_own_at_the_regions_end()
    {
        using SimulatedMachine machine = new(new MachineOptions { Processors = 8 });
        ulong end = machine.Options.RegionBase + machine.RegionSize;
        for (int i = 0; i < 8; i++)
        {
            ulong block = (ulong)machine[i] - ProcessorBlock.Data;
            Assert.Equal(end - ((ulong)(8 - i) * ProcessorBlock.Size), block);
            Assert.Equal((uint)i, machine[i]->Index);
            Assert.Equal(SimulatedMachine.ApicId(i), machine[i]->ApicId);
            Assert.Equal(block + ProcessorBlock.GuestControl, machine[i]->GuestControl);
            Assert.Equal(block + ProcessorBlock.HostControl, machine[i]->HostControl);
            Assert.Equal(machine.Machine->HostCr3, machine[i]->HostCr3);
            Assert.True(machine[i]->Machine == machine.Machine);
        }
    }

    [Fact]
    public void Nothing_is_handed_out_twice()
    {
        using SimulatedMachine machine = new();
        MachineData* data = machine.Machine;
        (ulong Start, ulong Size)[] parts =
        [
            ((ulong)data, 0x1000), ((ulong)data->Processors, 0x1000), (data->ZeroPage, 0x1000), (data->ScratchPage, 0x1000), (data->Idt, 0x1000),
            (data->TrampolineImage, 0x1000), (data->TrampolineBackup, 0x1000), (data->NestedRoot, 0x1000), (data->HostCr3, 0x1000),
            (data->MsrPermissionMap, 0x2000), (data->IoPermissionMap, 0x3000), (data->OpenIoPermissionMap, 0x3000),
            (data->RegionBase + data->ImageSize, MachineBuilder.LogSize),
            ((ulong)machine[0] - ProcessorBlock.Data, ProcessorBlock.Size), ((ulong)machine[1] - ProcessorBlock.Data, ProcessorBlock.Size),
        ];
        (ulong Start, ulong Size)[] sorted = [.. parts.OrderBy(part => part.Start)];
        Assert.True(sorted[0].Start >= data->RegionBase + data->ImageSize);
        for (int i = 1; i < sorted.Length; i++)
        {
            Assert.True(sorted[i - 1].Start + sorted[i - 1].Size <= sorted[i].Start);
        }

        Assert.True(sorted[^1].Start + sorted[^1].Size <= data->RegionBase + data->RegionSize);
    }

    [Fact]
    public void The_start_up_page_has_its_words_filled_in()
    {
        using SimulatedMachine machine = new();
        byte* page = (byte*)machine.Machine->TrampolineImage;
        for (int i = 0; i < 0x100; i++)
        {
            Assert.Equal((byte)(i ^ 0x16), page[i]);
            Assert.Equal((byte)(i ^ 0x64), page[0x100 + i]);
        }

        Assert.Equal(23, *(ushort*)(page + TrampolineLayout.Gdtr));
        Assert.Equal(SimulatedMachine.LowPage + TrampolineLayout.Gdt, *(uint*)(page + TrampolineLayout.Gdtr + 2));
        Assert.Equal(machine.Machine->HostCr3, *(uint*)(page + TrampolineLayout.Cr3));
        Assert.Equal(SimulatedMachine.LowPage + 0x100, *(uint*)(page + TrampolineLayout.FarPointer));
        Assert.Equal(HostSelectors.Code, *(ushort*)(page + TrampolineLayout.FarPointer + 4));
        Assert.Equal((ulong)machine.Machine->Processors, *(ulong*)(page + TrampolineLayout.Table));
        Assert.Equal(2u, *(uint*)(page + TrampolineLayout.Count));
        Assert.True(machine.Machine->HostCr3 < 1ul << 32);
    }

    [Fact]
    public void The_host_uses_xsave_where_the_processor_has_it()
    {
        using SimulatedMachine machine = new(new MachineOptions { IsEpyc = true, AddressBits = 48 });
        Assert.Equal(1ul << 18, machine.Data->HostCr4 & (1ul << 18));
        Assert.Equal(0x620ul, machine.Data->HostCr4 & 0x620);
        Assert.Equal(0x8001_0033ul, machine.Data->HostCr0);
    }
}
