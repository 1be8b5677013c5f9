using System;
using System.Collections.Generic;
using System.Reflection;
using Hypervisor.Core.Cpu;
using Xunit;

namespace Hypervisor.Tests.Unit.Cpu;

public class RegisterTests
{
    public static TheoryData<Type, ulong> Flags => new()
    {
        { typeof(Cr0), 0xE005_003Ful },
        { typeof(Cr4), 0x1_11FF_7FFFul },
        { typeof(Efer), 0x0036_FD01ul },
        { typeof(RFlags), 0x003F_4FD7ul },
        { typeof(ApicBase), 0xD00ul },
        { typeof(FeatureControl), 0x7ul },
        { typeof(VmCr), 0x1Ful },
    };

    /// <summary>Each flag property reads one bit, no two read the same, and With changes that bit alone.</summary>
    [Theory]
    [MemberData(nameof(Flags))]
    public void Each_flag_is_one_bit_of_its_own(Type register, ulong bits)
    {
        Dictionary<string, ulong> found = [];
        foreach (PropertyInfo property in register.GetProperties())
        {
            if (property.PropertyType != typeof(bool) || property.Name is "IsXApic" or "IsX2Apic")
            {
                continue;
            }

            ulong seen = 0;
            for (int bit = 0; bit < 64; bit++)
            {
                if ((bool)property.GetValue(Make(register, 1UL << bit))!)
                {
                    seen |= 1UL << bit;
                }
            }

            Assert.True(ulong.IsPow2(seen), property.Name);
            Assert.DoesNotContain(seen, found.Values);
            found[property.Name] = seen;
        }

        ulong all = 0;
        foreach (ulong bit in found.Values)
        {
            all |= bit;
        }

        Assert.Equal(bits, all);
        foreach (MethodInfo method in register.GetMethods())
        {
            if (method.Name.StartsWith("With", StringComparison.Ordinal) && found.ContainsKey(method.Name[4..]))
            {
                ulong bit = found[method.Name[4..]];
                Assert.Equal(bit, Value(method.Invoke(Make(register, 0), [true])!));
                Assert.Equal(~bit, Value(method.Invoke(Make(register, ulong.MaxValue), [false])!));
            }
        }
    }

    [Fact]
    public void Each_msr_number_has_one_name()
    {
        Dictionary<uint, string> names = [];
        foreach (FieldInfo field in typeof(Msr).GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            Assert.True(names.TryAdd((uint)field.GetRawConstantValue()!, field.Name), field.Name);
        }

        Assert.Equal("Efer", names[0xC000_0080]);
        Assert.Equal("HostSavePhysicalAddress", names[0xC001_0117]);
        Assert.Equal("X2ApicInterruptCommand", names[0x830]);
    }

    [Fact]
    public void The_apic_base_has_an_address_and_a_mode()
    {
        Assert.Equal(0xFEE0_0000ul, new ApicBase(0xFEE0_0900).PageAddress);
        Assert.True(new ApicBase(0xFEE0_0900).IsXApic);
        Assert.False(new ApicBase(0xFEE0_0900).IsX2Apic);
        Assert.True(new ApicBase(0xFEE0_0D00).IsX2Apic);
        Assert.False(new ApicBase(0xFEE0_0D00).IsXApic);
        Assert.False(new ApicBase(0xFEE0_0100).IsXApic);
    }

    [Theory]
    [InlineData(PatMsr.AfterReset, true)]
    [InlineData(0x0006_0506_0401_0007ul, true)]
    [InlineData(0x0000_0000_0000_0002ul, false)]
    [InlineData(0x0300_0000_0000_0000ul, false)]
    [InlineData(0x0000_0000_0000_0008ul, false)]
    public void The_pat_takes_only_memory_types_that_exist(ulong value, bool valid)
    {
        Assert.Equal(valid, new PatMsr(value).IsValid);
    }

    [Fact]
    public void Selectors_and_attributes_split_into_their_fields()
    {
        SegmentSelector selector = new(0x2B);
        Assert.Equal(5, selector.Index);
        Assert.Equal(0x28, selector.Offset);
        Assert.Equal(3, selector.RequestedPrivilege);
        Assert.False(selector.IsLocal);
        Assert.True(new SegmentSelector(0x2F).IsLocal);
        Assert.True(new SegmentSelector(3).IsNull);
        Assert.False(new SegmentSelector(4).IsNull);

        // A flat 64-bit code segment of CPL 3: descriptor 00AFFB00_0000FFFF.
        SegmentAttributes code = new(0xAFB);
        Assert.True(code.LongMode);
        Assert.False(code.DefaultBig);
        Assert.True(code.PageGranular);
        Assert.Equal(3, code.Privilege);
        Assert.Equal(0xB, code.Type);
        Assert.Equal(0xA0FBu, code.VmxAccessRights);
        Assert.Equal(0x1_0000u, new SegmentAttributes(0).VmxAccessRights);
    }

    private static object Make(Type register, ulong value) => Activator.CreateInstance(register, value)!;

    private static ulong Value(object register) => (ulong)register.GetType().GetProperty("Value")!.GetValue(register)!;
}
