using System;
using Hypervisor.Core.Host;
using Hypervisor.Tests.Models;
using Xunit;

namespace Hypervisor.Tests.Unit.Host;

public sealed unsafe class HostDescriptorTablesTests : IDisposable
{
    private readonly SimulatedMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Every_vector_has_an_interrupt_gate_on_a_stack_of_its_own()
    {
        // AMD APM vol 2 §4.8.4 figure 4-24: 16 bytes, offset in three parts, type Eh, DPL 0.
        for (int vector = 0; vector < 256; vector++)
        {
            byte* gate = (byte*)_machine.Machine->Idt + (vector * 16);
            ulong target = *(ushort*)gate | ((ulong)*(ushort*)(gate + 6) << 16) | ((ulong)*(uint*)(gate + 8) << 32);
            Assert.Equal(SimulatedProcessor.ExceptionEntryBase + ((ulong)vector * 16), target);
            Assert.Equal(HostSelectors.Code, *(ushort*)(gate + 2));
            Assert.Equal(vector == 2 ? 2 : vector == 18 ? 3 : 1, gate[4]);
            Assert.Equal(0x8E, gate[5]);
            Assert.Equal(0u, *(uint*)(gate + 12));
        }
    }

    [Fact]
    public void The_task_state_descriptor_is_available_and_points_to_the_task_state()
    {
        ulong low = _machine.Data->Gdt[3];
        ulong high = _machine.Data->Gdt[4];
        ulong address = ((low >> 16) & 0xFF_FFFF) | ((low >> 56) << 24) | (high << 32);
        Assert.Equal((ulong)&_machine.Data->TaskState, address);
        Assert.Equal((ulong)sizeof(TaskStateSegment) - 1, low & 0xFFFF);
        Assert.Equal(0x89ul, (low >> 40) & 0xFF);
        Assert.Equal(0ul, high >> 32);
    }

    [Fact]
    public void Code_and_data_descriptors_are_those_of_64_bit_code()
    {
        Assert.Equal(0ul, _machine.Data->Gdt[0]);
        Assert.Equal(0x00AF_9B00_0000_FFFFul, _machine.Data->Gdt[HostSelectors.Code / 8]);
        Assert.Equal(0x93ul, (_machine.Data->Gdt[HostSelectors.Data / 8] >> 40) & 0xFF);
        Assert.Equal(((ulong)_machine.Data->Gdt, (ushort)39), (_machine.Data->Gdtr.Base, _machine.Data->Gdtr.Limit));
        Assert.Equal((_machine.Machine->Idt, (ushort)4095), (_machine.Data->Idtr.Base, _machine.Data->Idtr.Limit));
    }

    [Fact]
    public void Interrupt_stacks_stand_where_the_manual_says_and_lie_in_the_processors_block()
    {
        // AMD APM vol 2 figure 12-8: IST1 at 24h, IST2 at 2Ch, IST3 at 34h, I/O map base at 66h.
        for (int i = 0; i < 2; i++)
        {
            byte* task = (byte*)&_machine[i]->TaskState;
            ulong block = (ulong)_machine[i] - ProcessorBlock.Data;
            Assert.Equal(block + 0x8000, *(ulong*)(task + 0x24));
            Assert.Equal(block + 0x8800, *(ulong*)(task + 0x2C));
            Assert.Equal(block + 0x9000, *(ulong*)(task + 0x34));
            Assert.True(*(ushort*)(task + 0x66) >= sizeof(TaskStateSegment));
            Assert.Equal(0ul, block % ProcessorBlock.Size);
        }
    }

    [Fact]
    public void The_structures_fit_where_the_block_puts_them()
    {
        Assert.Equal(104, sizeof(TaskStateSegment));
        Assert.Equal(0x1000, sizeof(ProcessorData));
        Assert.True(sizeof(MachineData) <= 0x1000);
        Assert.Equal(16, sizeof(ProcessorEntry));
        ProcessorData* data = _machine.Data;
        byte* start = (byte*)data;
        Assert.True((byte*)&data->Startup - start >= ProcessorDataLayout.HostCr0 + 8);
        Assert.True((byte*)(&data->Startup + 1) <= (byte*)&data->Nmi);
        Assert.True((byte*)(&data->Nmi + 1) <= (byte*)&data->Step);
        Assert.True((byte*)(&data->Step + 1) <= (byte*)&data->ApicWindow);
        Assert.True((byte*)(&data->ApicWindow + 1) <= (byte*)data->Gdt);
        Assert.True((byte*)(data->Gdt + 5) <= (byte*)&data->TaskState);
        Assert.True((byte*)(&data->TaskState + 1) <= (byte*)&data->Trace);
        Assert.True((byte*)(&data->Trace + 1) <= (byte*)&data->Exits);
        Assert.True((byte*)(&data->Exits + 1) <= start + 0x1000);
        Assert.Equal(0, (int)((ulong)(start + ProcessorDataLayout.Xmm) % 16));
    }
}
