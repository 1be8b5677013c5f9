using System;
using System.Collections.Generic;
using System.Reflection;
using System.Runtime.InteropServices;
using Hypervisor.Core.Svm;
using Xunit;

namespace Hypervisor.Tests.Unit.Svm;

public sealed unsafe class VmcbTests
{
    /// <summary>AMD APM vol 2 appendix B, tables B-1 and B-2, written down independently: offset and size of every field with a name.</summary>
    private static readonly Dictionary<string, (int Offset, int Size)> s_manual = new()
    {
        ["InterceptExceptions"] = (0x008, 4),
        ["Intercepts1"] = (0x00C, 4),
        ["Intercepts2"] = (0x010, 4),
        ["IoPermissionMap"] = (0x040, 8),
        ["MsrPermissionMap"] = (0x048, 8),
        ["Asid"] = (0x058, 4),
        ["TlbControl"] = (0x05C, 1),
        ["InterruptShadow"] = (0x068, 8),
        ["ExitCode"] = (0x070, 8),
        ["ExitInfo1"] = (0x078, 8),
        ["ExitInfo2"] = (0x080, 8),
        ["ExitInterruptInfo"] = (0x088, 8),
        ["NestedControl"] = (0x090, 8),
        ["EventInjection"] = (0x0A8, 8),
        ["NestedCr3"] = (0x0B0, 8),
        ["CleanBits"] = (0x0C0, 4),
        ["NextRip"] = (0x0C8, 8),
        ["Es"] = (0x400, 16),
        ["Cs"] = (0x410, 16),
        ["Ss"] = (0x420, 16),
        ["Ds"] = (0x430, 16),
        ["Fs"] = (0x440, 16),
        ["Gs"] = (0x450, 16),
        ["Gdtr"] = (0x460, 16),
        ["Ldtr"] = (0x470, 16),
        ["Idtr"] = (0x480, 16),
        ["Tr"] = (0x490, 16),
        ["Cpl"] = (0x4CB, 1),
        ["Efer"] = (0x4D0, 8),
        ["Cr4"] = (0x548, 8),
        ["Cr3"] = (0x550, 8),
        ["Cr0"] = (0x558, 8),
        ["Dr7"] = (0x560, 8),
        ["Dr6"] = (0x568, 8),
        ["RFlags"] = (0x570, 8),
        ["Rip"] = (0x578, 8),
        ["Rsp"] = (0x5D8, 8),
        ["Rax"] = (0x5F8, 8),
        ["Star"] = (0x600, 8),
        ["LStar"] = (0x608, 8),
        ["CStar"] = (0x610, 8),
        ["SFMask"] = (0x618, 8),
        ["KernelGsBase"] = (0x620, 8),
        ["SysEnterCs"] = (0x628, 8),
        ["SysEnterEsp"] = (0x630, 8),
        ["SysEnterEip"] = (0x638, 8),
        ["Cr2"] = (0x640, 8),
        ["GuestPat"] = (0x668, 8),
        ["DebugControl"] = (0x670, 8),
    };

    [Fact]
    public void Every_field_stands_where_the_manual_says()
    {
        FieldInfo[] fields = typeof(Vmcb).GetFields(BindingFlags.Instance | BindingFlags.Public);
        Assert.NotEmpty(fields);
        foreach (FieldInfo field in fields)
        {
            Assert.True(s_manual.TryGetValue(field.Name, out (int Offset, int Size) expected), $"{field.Name} is not in this table");
            Assert.Equal(expected.Offset, field.GetCustomAttribute<FieldOffsetAttribute>()!.Value);
            Assert.Equal(expected.Size, SizeOf(field.FieldType));
        }
    }

    [Fact]
    public void It_is_one_page()
    {
        Assert.Equal(0x1000, sizeof(Vmcb));
    }

    [Fact]
    public void The_stubs_offsets_are_those_of_the_fields()
    {
        Vmcb block;
        byte* start = (byte*)&block;
        Vmcb* vmcb = &block;
        Assert.Equal(Vmcb.ExitCodeOffset, (int)((byte*)&vmcb->ExitCode - start));
        Assert.Equal(Vmcb.RFlagsOffset, (int)((byte*)&vmcb->RFlags - start));
        Assert.Equal(Vmcb.RipOffset, (int)((byte*)&vmcb->Rip - start));
        Assert.Equal(Vmcb.RspOffset, (int)((byte*)&vmcb->Rsp - start));
        Assert.Equal(Vmcb.RaxOffset, (int)((byte*)&vmcb->Rax - start));
    }

    [Fact]
    public void A_segment_is_selector_attributes_limit_and_base()
    {
        VmcbSegment segment = new() { Selector = 0x1122, Attributes = 0x3344, Limit = 0x5566_7788, Base = 0x99AA_BBCC_DDEE_FF00 };
        Assert.Equal(16, sizeof(VmcbSegment));
        Assert.Equal(0x5566_7788_3344_1122ul, *(ulong*)&segment);
        Assert.Equal(0x99AA_BBCC_DDEE_FF00ul, *((ulong*)&segment + 1));
    }

    [Fact]
    public void Intercept_bits_are_those_of_table_b_1()
    {
        Assert.Equal(1, Bit((uint)SvmIntercepts1.Nmi));
        Assert.Equal(3, Bit((uint)SvmIntercepts1.Init));
        Assert.Equal(18, Bit((uint)SvmIntercepts1.Cpuid));
        Assert.Equal(20, Bit((uint)SvmIntercepts1.Iret));
        Assert.Equal(22, Bit((uint)SvmIntercepts1.Invd));
        Assert.Equal(26, Bit((uint)SvmIntercepts1.Invlpga));
        Assert.Equal(27, Bit((uint)SvmIntercepts1.IoProtection));
        Assert.Equal(28, Bit((uint)SvmIntercepts1.MsrProtection));
        Assert.Equal(31, Bit((uint)SvmIntercepts1.Shutdown));
        Assert.Equal(0x7Fu, (uint)SvmIntercepts2.SvmInstructions);
    }

    [Theory]
    [InlineData(SvmExitCode.Nmi, (uint)SvmIntercepts1.Nmi, 0x60)]
    [InlineData(SvmExitCode.Init, (uint)SvmIntercepts1.Init, 0x60)]
    [InlineData(SvmExitCode.Cpuid, (uint)SvmIntercepts1.Cpuid, 0x60)]
    [InlineData(SvmExitCode.Iret, (uint)SvmIntercepts1.Iret, 0x60)]
    [InlineData(SvmExitCode.Invd, (uint)SvmIntercepts1.Invd, 0x60)]
    [InlineData(SvmExitCode.Invlpga, (uint)SvmIntercepts1.Invlpga, 0x60)]
    [InlineData(SvmExitCode.Io, (uint)SvmIntercepts1.IoProtection, 0x60)]
    [InlineData(SvmExitCode.Msr, (uint)SvmIntercepts1.MsrProtection, 0x60)]
    [InlineData(SvmExitCode.Shutdown, (uint)SvmIntercepts1.Shutdown, 0x60)]
    [InlineData(SvmExitCode.VmRun, (uint)SvmIntercepts2.VmRun, 0x80)]
    [InlineData(SvmExitCode.VmmCall, (uint)SvmIntercepts2.VmmCall, 0x80)]
    [InlineData(SvmExitCode.VmLoad, (uint)SvmIntercepts2.VmLoad, 0x80)]
    [InlineData(SvmExitCode.VmSave, (uint)SvmIntercepts2.VmSave, 0x80)]
    [InlineData(SvmExitCode.Stgi, (uint)SvmIntercepts2.Stgi, 0x80)]
    [InlineData(SvmExitCode.Clgi, (uint)SvmIntercepts2.Clgi, 0x80)]
    [InlineData(SvmExitCode.Skinit, (uint)SvmIntercepts2.Skinit, 0x80)]
    public void Exit_codes_follow_from_the_intercept_bits(SvmExitCode code, uint intercept, int first)
    {
        // Exit code 60h + bit for the first word, 80h + bit for the second (APM vol 2 appendix C).
        Assert.Equal((ulong)(first + Bit(intercept)), (ulong)code);
    }

    [Theory]
    [InlineData(SvmExitCode.NestedPageFault, 0x400)]
    [InlineData(SvmExitCode.ExceptionDb, 0x41)]
    [InlineData(SvmExitCode.ExceptionGp, 0x4D)]
    [InlineData(SvmExitCode.ExceptionSx, 0x5E)]
    public void Other_exit_codes_are_those_of_appendix_c(SvmExitCode code, ulong expected)
    {
        Assert.Equal(expected, (ulong)code);
    }

    private static int Bit(uint value)
    {
        Assert.True(System.Numerics.BitOperations.IsPow2(value));
        return System.Numerics.BitOperations.TrailingZeroCount(value);
    }

    private static int SizeOf(Type type) => Marshal.SizeOf(type.IsEnum ? Enum.GetUnderlyingType(type) : type);
}
